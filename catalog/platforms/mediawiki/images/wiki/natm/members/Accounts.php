<?php
// SPDX-License-Identifier: AGPL-3.0-or-later

use MediaWiki\Auth\AuthManager;
use MediaWiki\Deferred\SiteStatsUpdate;
use MediaWiki\Extension\Natm\Accounts;
use MediaWiki\MediaWikiServices;
use MediaWiki\Session\SessionManager;
use MediaWiki\User\User;

/** Members' accounts in the wiki, by their natm names (the wiki writes the first letter large). */
class NatmAccounts {
	private const NAME = '/^[a-z][a-z0-9-]{1,30}$/D';

	private readonly Accounts $accounts;

	public function __construct( private readonly MediaWikiServices $services ) {
		$this->accounts = new Accounts( $services );
	}

	public function create( array $input ): void {
		[ $user, $name ] = $this->find( $input );
		if ( $user->isRegistered() && !self::isProof( $name ) ) {
			throw new NatmRefused( 'exists', "There is an account named $name already." );
		}
		$password = $this->password( $input, $user );
		if ( !$user->isRegistered() ) {
			$this->add( $user );
		}
		$user->setRealName( (string)( $input['display_name'] ?? '' ) );
		$user->saveSettings();
		$this->accounts->setGroups( $user, $name, (bool)( $input['steward'] ?? false ) );
		$this->accounts->unblock( $user );
		$this->setPassword( $user, $password );
	}

	/** A new password. It also opens the door again for someone who was removed. */
	public function reset( array $input ): void {
		$user = $this->known( $input );
		$password = $this->password( $input, $user );
		$this->accounts->unblock( $user );
		$this->setPassword( $user, $password );
	}

	/** Locked out at once, on every device. What the member wrote stays. */
	public function remove( array $input ): void {
		$user = $this->known( $input );
		$this->accounts->dropGroups( $user );
		$this->services->getBlockUserFactory()->newBlockUser(
			$user, $this->accounts->robot(), 'infinity', 'No longer a member',
			[ 'isCreateAccountBlocked' => true, 'isEmailBlocked' => true,
				'isUserTalkEditBlocked' => true, 'isAutoblocking' => false ]
		)->placeBlockUnsafe( true );
		$this->lock( $user );
	}

	/**
	 * Sessions here end. What the wiki itself knew of the member goes too, a password from the time
	 * it kept accounts and a steward's rights: the next visit brings what is true then.
	 */
	public function end( array $input ): void {
		$name = $this->name( $input );
		$user = $this->services->getUserFactory()->newFromName( $name );
		if ( $user && $user->isRegistered() ) {
			$this->accounts->setGroups( $user, $name, false );
			$this->lock( $user );
		}
	}

	public function list(): array {
		$names = $this->services->getDBLoadBalancer()->getConnection( DB_PRIMARY )
			->newSelectQueryBuilder()->select( 'user_name' )->from( 'user' )
			->orderBy( 'user_name' )->caller( __METHOD__ )->fetchFieldValues();
		$members = [];
		foreach ( $names as $wikiName ) {
			$name = lcfirst( $wikiName );
			if ( preg_match( self::NAME, $name ) && !self::isProof( $name ) ) {
				$members[] = $this->describe( $name );
			}
		}
		return $members;
	}

	/** Everything a throwaway account made goes; the account itself can only be locked. */
	public function purge( array $input, NatmEraser $eraser ): void {
		[ $user, $name ] = $this->find( $input );
		if ( !self::isProof( $name ) ) {
			throw new NatmRefused( 'name', 'Only throwaway accounts, natm-proof-..., are purged.' );
		}
		if ( $user->isRegistered() ) {
			$this->lock( $user );
			$eraser->erase( $user, $this->accounts->robot() );
		}
	}

	/** @return array{0: User, 1: string} the account, which may not exist, and its natm name */
	private function find( array $input ): array {
		$name = $this->name( $input );
		$user = $this->services->getUserFactory()->newFromName( $name );
		if ( !$user || !$this->services->getUserNameUtils()->isUsable( $user->getName() ) ) {
			throw new NatmRefused( 'name', "The wiki keeps the name $name for itself." );
		}
		return [ $user, $name ];
	}

	private function name( array $input ): string {
		$name = $input['name'] ?? null;
		if ( !is_string( $name ) || !preg_match( self::NAME, $name ) ) {
			throw new NatmRefused(
				'name', 'A name is 2 to 31 small letters, digits and hyphens, a letter first.'
			);
		}
		return $name;
	}

	private function known( array $input ): User {
		[ $user, $name ] = $this->find( $input );
		if ( !$user->isRegistered() ) {
			throw new NatmRefused( 'unknown', "There is no account named $name." );
		}
		return $user;
	}

	private function password( array $input, User $user ): string {
		$password = $input['password'] ?? null;
		if ( !is_string( $password ) || $password === '' ) {
			throw new NatmRefused( 'password', 'A password is missing.' );
		}
		$status = $user->checkPasswordValidity( $password );
		if ( !$status->isGood() ) {
			throw new NatmRefused( 'password', wfMessage( $status->getMessages()[0] )
				->inLanguage( 'en' )->text() );
		}
		return $password;
	}

	private function add( User $user ): void {
		$status = $this->services->getAuthManager()
			->autoCreateUser( $user, AuthManager::AUTOCREATE_SOURCE_MAINT, false, false );
		if ( !$status->isGood() ) {
			throw new NatmRefused( 'name', wfMessage( $status->getMessages()[0] )
				->inLanguage( 'en' )->text() );
		}
		SiteStatsUpdate::factory( [ 'users' => 1 ] )->doUpdate();
	}

	private function setPassword( User $user, string $password ): void {
		$status = $user->changeAuthenticationData( [
			'username' => $user->getName(), 'password' => $password, 'retype' => $password,
		] );
		if ( !$status->isGood() ) {
			throw new NatmRefused( 'password', wfMessage( $status->getMessages()[0] )
				->inLanguage( 'en' )->text() );
		}
		SessionManager::singleton()->invalidateSessionsForUser( $user );
	}

	private function lock( User $user ): void {
		$this->services->getAuthManager()->revokeAccessForUser( $user->getName() );
		SessionManager::singleton()->invalidateSessionsForUser( $user );
	}

	private function describe( string $name ): array {
		$user = $this->services->getUserFactory()->newFromName( $name );
		return [
			'name' => $name,
			'display_name' => $user->getRealName(),
			'steward' => $this->accounts->isSteward( $user ),
			// Blocks that a steward set in the wiki are the wiki's own business.
			'disabled' => $this->accounts->isBlockedByUs( $user )
				|| !$this->services->getAuthManager()->userCanAuthenticate( $user->getName() ),
		];
	}

	private static function isProof( string $name ): bool {
		return str_starts_with( $name, Accounts::PROOF );
	}
}
