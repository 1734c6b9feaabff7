<?php
// SPDX-License-Identifier: AGPL-3.0-or-later

namespace MediaWiki\Extension\Natm;

use MediaWiki\Auth\Hook\LocalUserCreatedHook;
use MediaWiki\Context\RequestContext;
use MediaWiki\MediaWikiServices;
use MediaWiki\User\User;

/**
 * Keeps the wiki's account of a member in line with what the edge says, with each request: the
 * name others see, whether a steward, and that they are a member at all.
 */
class Arrivals implements LocalUserCreatedHook {

	/** Begins each request, before anything asks what the member may do. */
	public static function greet(): void {
		if ( MW_ENTRY_POINT === 'cli' || defined( 'MW_NO_SESSION' ) ) {
			return;
		}
		$request = RequestContext::getMain()->getRequest();
		$user = $request->getSession()->getUser();
		$told = Told::by( $request, $_SERVER );
		if ( !$told || !$user->isRegistered() ) {
			return;
		}
		self::settle( $user, $told );
		if ( self::rename( $user, $told ) ) {
			// Two requests come at once: the second waits here and finds the work done.
			$locked = $user->getInstanceForUpdate();
			if ( $locked && self::rename( $locked, $told ) ) {
				$locked->saveSettings();
			}
		}
	}

	/** The first visit has made the account; whoever made it saves it. */
	public function onLocalUserCreated( $user, $autocreated ) {
		$told = $autocreated ? Told::by( RequestContext::getMain()->getRequest(), $_SERVER ) : null;
		if ( $told && ucfirst( $told->name ) === $user->getName() ) {
			self::settle( $user, $told );
			self::rename( $user, $told );
		}
	}

	private static function settle( User $user, Told $told ): void {
		$accounts = new Accounts( MediaWikiServices::getInstance() );
		// A name removed here before, when the wiki kept the accounts, is a member's again.
		if ( $accounts->isBlockedByUs( $user ) ) {
			$accounts->unblock( $user );
		}
		$accounts->setGroups( $user, $told->name, $told->isSteward );
	}

	/** Whether the name that others see is another one now; to be saved with the account. */
	private static function rename( User $user, Told $told ): bool {
		if ( $told->realName === '' || $user->getRealName() === $told->realName ) {
			return false;
		}
		$user->setRealName( $told->realName );
		return true;
	}
}
