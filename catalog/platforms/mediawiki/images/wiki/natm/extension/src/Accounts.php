<?php
// SPDX-License-Identifier: AGPL-3.0-or-later

namespace MediaWiki\Extension\Natm;

use MediaWiki\Block\DatabaseBlock;
use MediaWiki\MediaWikiServices;
use MediaWiki\Permissions\UltimateAuthority;
use MediaWiki\User\User;

/** What the member program and a member's own arrival both do to accounts. */
class Accounts {

	public const PROOF = 'natm-proof-';
	private const STEWARD_GROUPS = [ 'sysop', 'bureaucrat', 'interface-admin' ];
	private const PROOF_GROUPS = [ 'bot' ];
	private const ROBOT = 'Natm stack';

	public function __construct( private readonly MediaWikiServices $services ) {
	}

	/** Acts in the logs for whoever ran natm; it has no password and cannot sign in. */
	public function robot(): UltimateAuthority {
		return new UltimateAuthority( User::newSystemUser( self::ROBOT, [ 'steal' => true ] ) );
	}

	/** The groups that go with a name and with being a steward; what the community gave stays. */
	public function setGroups( User $user, string $name, bool $isSteward ): void {
		$isProof = str_starts_with( $name, self::PROOF );
		$wanted = [ ...( $isSteward ? self::STEWARD_GROUPS : [] ), ...( $isProof ? self::PROOF_GROUPS : [] ) ];
		$groups = $this->services->getUserGroupManager();
		$present = $groups->getUserGroups( $user );
		foreach ( array_diff( array_intersect( $present, self::STEWARD_GROUPS ), $wanted ) as $group ) {
			$groups->removeUserFromGroup( $user, $group );
		}
		foreach ( array_diff( $wanted, $present ) as $group ) {
			$groups->addUserToGroup( $user, $group );
		}
	}

	public function dropGroups( User $user ): void {
		$groups = $this->services->getUserGroupManager();
		foreach ( $groups->getUserGroups( $user ) as $group ) {
			$groups->removeUserFromGroup( $user, $group );
		}
	}

	public function isSteward( User $user ): bool {
		return in_array( 'sysop', $this->services->getUserGroupManager()->getUserGroups( $user ), true );
	}

	private function block( User $user ): ?DatabaseBlock {
		return $this->services->getDatabaseBlockStore()->newFromTarget( $user->getName(), null, true );
	}

	/** Ours means: no longer a member. A steward of the wiki blocks for other reasons. */
	public function isBlockedByUs( User $user ): bool {
		return $this->block( $user )?->getBlocker()?->getName() === self::ROBOT;
	}

	public function unblock( User $user ): void {
		if ( $this->block( $user ) ) {
			$this->services->getUnblockUserFactory()
				->newUnblockUser( $user, $this->robot(), 'A member again' )->unblockUnsafe();
		}
	}
}
