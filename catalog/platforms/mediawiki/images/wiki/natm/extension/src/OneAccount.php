<?php
// SPDX-License-Identifier: AGPL-3.0-or-later

namespace MediaWiki\Extension\Natm;

use HttpError;
use MediaWiki\Config\Config;
use MediaWiki\Hook\BeforeInitializeHook;
use MediaWiki\Hook\SkinTemplateNavigation__UniversalHook;
use MediaWiki\Html\Html;
use MediaWiki\Preferences\Hook\GetPreferencesHook;
use MediaWiki\Skin\SkinComponentUtils;
use MediaWiki\SpecialPage\Hook\SpecialPage_initListHook;
use SkinTemplate;

/** Where members have one account for everything, the wiki leads there and asks no password. */
class OneAccount implements
	BeforeInitializeHook,
	GetPreferencesHook,
	SkinTemplateNavigation__UniversalHook,
	SpecialPage_initListHook
{

	/** Pages about passwords of the wiki's own, and which address of the account each leads to. */
	private const ELSEWHERE = [
		'Userlogin' => 'sign_in', 'CreateAccount' => 'sign_in', 'Userlogout' => 'sign_out',
		'ChangePassword' => 'home', 'ChangeCredentials' => 'home', 'PasswordReset' => 'home',
		'BotPasswords' => 'home', 'RemoveCredentials' => 'home', 'LinkAccounts' => 'home',
		'UnlinkAccounts' => 'home', 'ChangeEmail' => 'home',
	];
	private const GONE = [ 'AuthenticationPopupSuccess', 'PasswordPolicies' ];

	/** @var array<string,string> addresses of the account, none where the wiki keeps accounts */
	private readonly array $account;

	public function __construct( Config $config ) {
		$this->account = $config->get( 'NatmAccount' );
	}

	/** Somebody the edge knows and the wiki cannot: going on as a stranger would puzzle them. */
	public function onBeforeInitialize( $title, $unused, $output, $user, $request, $entryPoint ) {
		$told = $this->account ? Told::by( $request, $_SERVER ) : null;
		if ( $told && !EdgeSessionProvider::account( $told ) ) {
			throw new HttpError(
				403, wfMessage( 'natm-name-kept', $told->name ), wfMessage( 'natm-name-kept-title' )
			);
		}
	}

	public function onSpecialPage_initList( &$list ) {
		if ( !$this->account ) {
			return;
		}
		foreach ( self::ELSEWHERE as $name => $where ) {
			$list[$name] = [
				'class' => SignInElsewhere::class,
				'args' => [ $name, $where === 'sign_in' ? $where : $this->account[$where] ],
			];
		}
		$list = array_diff_key( $list, array_flip( self::GONE ) );
	}

	/**
	 * MediaWiki leaves out what it cannot do itself: to sign in, and to sign out of everything. The
	 * name is the one that others see everywhere else.
	 */
	public function onSkinTemplateNavigation__Universal( $skin, &$links ): void {
		if ( !$this->account ) {
			return;
		}
		$user = $skin->getUser();
		$links['user-menu'] += $user->isRegistered()
			? [ 'logout' => $this->signOut( $skin ) ] : [ 'login' => $this->signIn( $skin ) ];
		foreach ( [ 'user-menu', 'user-page' ] as $menu ) {
			if ( isset( $links[$menu]['userpage'] ) && $user->getRealName() !== '' ) {
				$links[$menu]['userpage']['text'] = $user->getRealName();
			}
		}
	}

	private function signOut( SkinTemplate $skin ): array {
		return [
			'single-id' => 'pt-logout', 'icon' => 'logOut', 'href' => $this->account['sign_out'],
			'text' => $skin->msg( 'pt-userlogout' )->text(),
		];
	}

	private function signIn( SkinTemplate $skin ): array {
		$back = SkinComponentUtils::getReturnToParam(
			$skin->getTitle(), $skin->getRequest(), $skin->getAuthority()
		);
		return [
			'single-id' => 'pt-login', 'icon' => 'logIn', 'text' => $skin->msg( 'pt-login' )->text(),
			'href' => SkinComponentUtils::makeSpecialUrl( 'Userlogin', $back ),
		];
	}

	public function onGetPreferences( $user, &$preferences ) {
		if ( !$this->account ) {
			return;
		}
		unset( $preferences['password'] );
		$preferences['realname']['type'] = 'info';
		$preferences['realname']['help-message'] = 'natm-account-help';
		$preferences['natm-account'] = [
			'type' => 'info',
			'raw' => true,
			'label-message' => 'natm-account-label',
			'default' => Html::element(
				'a', [ 'href' => $this->account['home'] ], wfMessage( 'natm-account-link' )->text()
			),
			'section' => 'personal/info',
		];
	}
}
