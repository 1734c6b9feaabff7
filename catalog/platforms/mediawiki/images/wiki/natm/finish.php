<?php
// SPDX-License-Identifier: AGPL-3.0-or-later
/** Last steps of the set-up inside MediaWiki: locks the installer's account, greets on page one. */

use MediaWiki\CommentStore\CommentStoreComment;
use MediaWiki\Content\ContentHandler;
use MediaWiki\Maintenance\Maintenance;
use MediaWiki\Revision\SlotRecord;
use MediaWiki\Title\Title;
use MediaWiki\User\User;

require_once '/usr/share/mediawiki/maintenance/Maintenance.php';

class NatmFinish extends Maintenance {
	public function __construct() {
		parent::__construct();
		$this->addDescription( 'Finishes the set-up of a wiki of natm-stack.' );
		$this->addOption( 'new', 'The wiki was installed a moment ago' );
	}

	public function execute() {
		$robot = User::newSystemUser( 'Natm stack', [ 'steal' => true ] );
		$groups = $this->getServiceContainer()->getUserGroupManager();
		foreach ( $groups->getUserGroups( $robot ) as $group ) {
			$groups->removeUserFromGroup( $robot, $group );
		}
		$page = Title::newMainPage();
		if ( $this->hasOption( 'new' ) || !$page->exists() ) {
			$this->greet( $page, $robot );
		}
		if ( $this->hasOption( 'new' ) ) {
			// Recent changes begin with what people write.
			$this->getPrimaryDB()->newDeleteQueryBuilder()->deleteFrom( 'recentchanges' )
				->where( [ 'rc_bot' => [ 0, 1 ] ] )->caller( __METHOD__ )->execute();
		}
	}

	/** Writes the main page; nothing happens where someone deleted it on purpose. */
	private function greet( Title $page, User $robot ): void {
		if ( !$page->exists() && $page->getDeletedEditsCount() > 0 ) {
			return;
		}
		$text = trim( file_get_contents( $this->greeting() ) );
		$wikiPage = $this->getServiceContainer()->getWikiPageFactory()->newFromTitle( $page );
		$updater = $wikiPage->newPageUpdater( $robot );
		$updater->setContent( SlotRecord::MAIN, ContentHandler::makeContent( $text, $page ) );
		$updater->saveRevision(
			CommentStoreComment::newUnsavedComment( 'natm-stack' ),
			EDIT_SUPPRESS_RC | EDIT_INTERNAL
		);
		if ( !$updater->getStatus()->isOK() ) {
			$this->fatalError( $updater->getStatus() );
		}
	}

	private function greeting(): string {
		$code = $this->getServiceContainer()->getContentLanguageCode()->toString();
		foreach ( [ $code, explode( '-', $code )[0] ] as $language ) {
			if ( is_file( "/opt/natm/mainpage/$language.wiki" ) ) {
				return "/opt/natm/mainpage/$language.wiki";
			}
		}
		return '/opt/natm/mainpage/en.wiki';
	}
}

$maintClass = NatmFinish::class;
require_once RUN_MAINTENANCE_IF_MAIN;
