<?php
// SPDX-License-Identifier: AGPL-3.0-or-later

namespace MediaWiki\Extension\Natm;

use MediaWiki\Context\RequestContext;
use MediaWiki\Hook\BeforeInitializeHook;
use MediaWiki\MediaWikiServices;
use MediaWiki\SpecialPage\Hook\AuthChangeFormFieldsHook;
use UserNotLoggedIn;

/** What someone meets who has not signed in (yet). */
class Visitors implements AuthChangeFormFieldsHook, BeforeInitializeHook {

	/** A closed wiki leads straight to the sign-in form and from there back to the page. */
	public function onBeforeInitialize( $title, $unused, $output, $user, $request, $entryPoint ) {
		if ( $user->isRegistered() || $request->wasPosted() || !$title || $title->isSpecialPage() ) {
			return;
		}
		if ( !$user->probablyCan( 'read', $title ) ) {
			throw new UserNotLoggedIn();
		}
	}

	/** Where the form offers help on another site, it names the people who can really help. */
	public function onAuthChangeFormFields( $requests, $fieldInfo, &$formDescriptor, $action ) {
		if ( isset( $formDescriptor['linkcontainer'] ) ) {
			$formDescriptor['linkcontainer']['default'] = wfMessage( 'natm-forgotten' )->escaped();
		}
	}

	/** Visitors read the interface in whichever of the community's languages their browser asks for. */
	public function onUserGetLanguageObject( $user, &$code, $context ) {
		if ( $user->isRegistered() || $context->getRequest()->getRawVal( 'uselang' ) !== null ) {
			return;
		}
		$ours = MediaWikiServices::getInstance()->getMainConfig()->get( 'NatmLanguages' );
		foreach ( array_keys( RequestContext::getMain()->getRequest()->getAcceptLang() ) as $asked ) {
			foreach ( [ $asked, explode( '-', $asked )[0] ] as $language ) {
				if ( in_array( $language, $ours, true ) ) {
					$code = $language;
					return;
				}
			}
		}
	}
}
