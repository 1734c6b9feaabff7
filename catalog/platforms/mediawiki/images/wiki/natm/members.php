<?php
// SPDX-License-Identifier: AGPL-3.0-or-later
/**
 * Accounts by the small protocol of natm-stack: the action is the only argument, one JSON object
 * comes on standard input and one goes to standard output. A password is never an argument.
 */

use MediaWiki\Maintenance\Maintenance;

require_once '/usr/share/mediawiki/maintenance/Maintenance.php';
require_once __DIR__ . '/members/Refused.php';
require_once __DIR__ . '/members/Accounts.php';
require_once __DIR__ . '/members/Eraser.php';

class NatmMembers extends Maintenance {
	private const ACTIONS = [ 'create', 'reset', 'remove', 'list', 'purge', 'end' ];

	public function __construct() {
		parent::__construct();
		$this->addDescription( 'Makes, changes and lists the accounts of members.' );
		$this->addArg( 'action', implode( ', ', self::ACTIONS ) );
	}

	public function execute() {
		try {
			$answer = [ 'ok' => true ] + $this->perform( $this->getArg( 0 ), $this->input() );
		} catch ( NatmRefused $refusal ) {
			$answer = [ 'ok' => false, 'code' => $refusal->reason, 'message' => $refusal->getMessage() ];
		}
		echo json_encode( $answer, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES ), "\n";
		return $answer['ok'];
	}

	private function perform( string $action, array $input ): array {
		$accounts = new NatmAccounts( $this->getServiceContainer() );
		switch ( $action ) {
			case 'list':
				return [ 'members' => $accounts->list() ];
			case 'create':
				$accounts->create( $input );
				return [];
			case 'reset':
				$accounts->reset( $input );
				return [];
			case 'remove':
				$accounts->remove( $input );
				return [];
			case 'end':
				$accounts->end( $input );
				return [];
			case 'purge':
				$accounts->purge( $input, new NatmEraser( $this->getServiceContainer() ) );
				return [];
		}
		throw new NatmRefused( 'action', 'The action is one of: ' . implode( ', ', self::ACTIONS ) );
	}

	private function input(): array {
		$input = json_decode( stream_get_contents( STDIN ), true );
		if ( !is_array( $input ) ) {
			throw new NatmRefused( 'input', 'One JSON object is expected on standard input.' );
		}
		return $input;
	}
}

$maintClass = NatmMembers::class;
require_once RUN_MAINTENANCE_IF_MAIN;
