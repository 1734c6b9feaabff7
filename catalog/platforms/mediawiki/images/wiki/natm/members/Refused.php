<?php
// SPDX-License-Identifier: AGPL-3.0-or-later

/** Something is not done, for a reason that people and programs can read. */
class NatmRefused extends RuntimeException {
	public function __construct( public readonly string $reason, string $message ) {
		parent::__construct( $message );
	}
}
