<?php
// SPDX-License-Identifier: AGPL-3.0-or-later

namespace MediaWiki\Extension\Natm;

use MediaWiki\SpecialPage\UnlistedSpecialPage;
use MediaWiki\Title\Title;

/** What was a page with a password box leads to the members' account instead. */
class SignInElsewhere extends UnlistedSpecialPage {

	/** Longer addresses the gate does not take. */
	private const LONGEST = 1500;

	/**
	 * @param string $name of the page it stands for
	 * @param string $where `sign_in`, and back to the page wanted, or the address to go to
	 */
	public function __construct( string $name, private readonly string $where ) {
		parent::__construct( $name );
	}

	public function execute( $par ) {
		$this->getOutput()->disableClientCache();
		$this->getOutput()->redirect( $this->address() );
	}

	private function address(): string {
		if ( $this->where !== 'sign_in' ) {
			return $this->where;
		}
		$wanted = $this->wanted();
		return $this->getUser()->isRegistered() ? $wanted
			: $this->getConfig()->get( 'NatmAccount' )['sign_in'] . rawurlencode( $wanted );
	}

	/** Where somebody wanted to go: a page of this wiki. */
	private function wanted(): string {
		$request = $this->getRequest();
		$title = Title::newFromText( $request->getText( 'returnto' ) );
		if ( !$title || $title->isExternal() || $title->isSpecial( 'Userlogin' )
			|| $title->isSpecial( 'CreateAccount' ) || $title->isSpecial( 'Userlogout' )
		) {
			return Title::newMainPage()->getFullURL();
		}
		$query = wfArrayToCgi( wfCgiToArray( $request->getText( 'returntoquery' ) ) );
		$address = $title->getFullURL( $query );
		return strlen( $address ) > self::LONGEST ? $title->getFullURL() : $address;
	}
}
