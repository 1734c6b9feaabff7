<?php
// SPDX-License-Identifier: AGPL-3.0-or-later

namespace MediaWiki\Extension\Natm;

use MediaWiki\MediaWikiServices;
use MediaWiki\Request\WebRequest;
use MediaWiki\Session\SessionBackend;
use MediaWiki\Session\SessionInfo;
use MediaWiki\Session\SessionProvider;
use MediaWiki\Session\UserInfo;
use MediaWiki\User\User;
use MediaWiki\User\UserRigorOptions;

/**
 * Each request is whose the edge says it is, and nobody's where it says nothing.
 *
 * There is no cookie. A session's id is made of the member's name and a key, so that the session
 * of another can never be taken up, and a request without the header has none.
 */
class EdgeSessionProvider extends SessionProvider {

	public function __construct() {
		parent::__construct();
		$this->priority = SessionInfo::MAX_PRIORITY;
	}

	/** The account for this name, made or not yet; null for a name the wiki keeps for itself. */
	public static function account( Told $told ): ?User {
		$user = MediaWikiServices::getInstance()->getUserFactory()
			->newFromName( $told->name, UserRigorOptions::RIGOR_USABLE );
		return $user && $user->getName() === ucfirst( $told->name ) ? $user : null;
	}

	public function provideSessionInfo( WebRequest $request ) {
		$told = Told::by( $request, $_SERVER );
		$user = $told ? self::account( $told ) : null;
		if ( !$user ) {
			return null;
		}
		return new SessionInfo( $this->priority, [
			'provider' => $this,
			'id' => $this->hashToSessionId( $user->getName() ),
			'userInfo' => UserInfo::newFromUser( $user, true ),
			'persisted' => true,
			// What was kept for an earlier state of the account is thrown away, not a reason to refuse.
			'forceUse' => true,
		] );
	}

	/** A stranger's session, which ends with the request. */
	public function newSessionInfo( $id = null ) {
		return new SessionInfo( SessionInfo::MIN_PRIORITY, [
			'provider' => $this, 'id' => $id, 'persisted' => false, 'idIsSafe' => true,
		] );
	}

	public function persistsSessionId() {
		return false;
	}

	public function canChangeUser() {
		return false;
	}

	/** The edge names members alone, never an account of the wiki's own: there is nothing to prevent. */
	public function preventSessionsForUser( $username ) {
	}

	/** The edge lets members in and nobody else, so the first visit makes their account. */
	public function canAlwaysAutocreate(): bool {
		return true;
	}

	public function persistSession( SessionBackend $session, WebRequest $request ) {
	}

	public function unpersistSession( WebRequest $request ) {
	}

	protected function describeMessage() {
		return wfMessage( 'natm-session' );
	}
}
