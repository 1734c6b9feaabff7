<?php
// SPDX-License-Identifier: AGPL-3.0-or-later

namespace MediaWiki\Extension\Natm;

use MediaWiki\Cache\Hook\MessageCacheFetchOverridesHook;
use MediaWiki\Hook\SkinBuildSidebarHook;
use MediaWiki\Output\Hook\BeforePageDisplayHook;

/** Small changes to what a page shows: no links that lead members away to other sites. */
class Looks implements
	BeforePageDisplayHook,
	MessageCacheFetchOverridesHook,
	SkinBuildSidebarHook
{

	/** Links to pages that a new wiki does not have, and a note that covers each new page. */
	private const EMPTIED = [ 'privacy', 'aboutsite', 'disclaimers', 'newarticletext' ];

	public function onMessageCacheFetchOverrides( array &$keys ): void {
		foreach ( self::EMPTIED as $key ) {
			$keys[$key] = 'natm-nothing';
		}
		$keys['exception-nologin-text'] = 'natm-sign-in-first';
	}

	public function onBeforePageDisplay( $out, $skin ): void {
		$out->addModuleStyles( 'ext.natm.styles' );
	}

	public function onSkinBuildSidebar( $skin, &$bar ) {
		foreach ( $bar as $heading => $links ) {
			if ( is_array( $links ) ) {
				$bar[$heading] = array_values( array_filter( $links, [ self::class, 'isOurs' ] ) );
			}
		}
	}

	private static function isOurs( array $link ): bool {
		return ( $link['id'] ?? '' ) !== 'n-help-mediawiki';
	}
}
