<?php
// SPDX-License-Identifier: AGPL-3.0-or-later

namespace MediaWiki\Extension\Natm;

use HttpError;
use MediaWiki\Config\Config;
use MediaWiki\Hook\BeforeInitializeHook;
use MediaWiki\Hook\SkinTemplateNavigation__UniversalHook;
use MediaWiki\Html\Html;
use MediaWiki\Output\Hook\BeforePageDisplayHook;
use MediaWiki\Preferences\Hook\GetPreferencesHook;
use MediaWiki\SpecialPage\Hook\SpecialPage_initListHook;

/** Where members have one account for everything, the wiki leads there and asks no password. */
class OneAccount implements
	BeforeInitializeHook,
	BeforePageDisplayHook,
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

	/** What a member saw is not shown from the browser's memory to whoever sits there next. */
	public function onBeforePageDisplay( $out, $skin ): void {
		if ( $this->account ) {
			$out->disableClientCache();
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

	/** Signing out of the wiki alone is not possible: it means out of everything. */
	public function onSkinTemplateNavigation__Universal( $skin, &$links ): void {
		foreach ( [ 'user-menu', 'user-menu-logout' ] as $menu ) {
			if ( $this->account && isset( $links[$menu]['logout'] ) ) {
				$links[$menu]['logout']['href'] = $this->account['sign_out'];
				// By this the wiki's own script would find the link and do it its own way.
				unset( $links[$menu]['logout']['data-mw'] );
			}
		}
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
