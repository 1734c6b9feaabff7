<?php
// SPDX-License-Identifier: AGPL-3.0-or-later

namespace MediaWiki\Extension\Natm;

use MediaWiki\Request\WebRequest;

/** Who the edge says is asking: the account's name, the name others see, and whether a steward. */
class Told {

	/** Set by Apache alone, by the connection's own address; no header can make it. */
	private const FROM_EDGE = 'NATM_FROM_EDGE';
	private const NAME = '/^[a-z][a-z0-9-]{1,30}$/D';
	private const STEWARDS = 'stewards';
	private const LONGEST = 255;

	public function __construct(
		public readonly string $name,
		public readonly string $realName,
		public readonly bool $isSteward
	) {
	}

	/** What this request says, or null for a stranger and for whoever is not the edge. */
	public static function by( WebRequest $request, array $server ): ?self {
		if ( ( $server[self::FROM_EDGE] ?? '' ) !== '1' ) {
			return null;
		}
		$name = (string)$request->getHeader( 'Remote-User' );
		if ( !preg_match( self::NAME, $name ) ) {
			return null;
		}
		$groups = explode( ',', (string)$request->getHeader( 'Remote-Groups' ) );
		return new self(
			$name, self::readable( (string)$request->getHeader( 'Remote-Name' ) ),
			in_array( self::STEWARDS, $groups, true )
		);
	}

	/** As much of it as the wiki can keep, cut between letters. */
	private static function readable( string $text ): string {
		return trim( mb_strcut( mb_scrub( $text, 'UTF-8' ), 0, self::LONGEST, 'UTF-8' ) );
	}
}
