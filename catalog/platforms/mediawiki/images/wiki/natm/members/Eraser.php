<?php
// SPDX-License-Identifier: AGPL-3.0-or-later

use MediaWiki\Deferred\DeferredUpdates;
use MediaWiki\MediaWikiServices;
use MediaWiki\Permissions\Authority;
use MediaWiki\Title\Title;
use MediaWiki\User\User;
use Wikimedia\Rdbms\IDatabase;

/**
 * Erases what a throwaway account made: its pages and uploads with all that the wiki archives of
 * them, and its traces in recent changes and logs. Edits to pages that others began stay.
 */
class NatmEraser {
	/** Tables of what a member alone sees, and the column that says whose it is. */
	private const PERSONAL = [
		'watchlist' => 'wl_user',
		'user_properties' => 'up_user',
		'uploadstash' => 'us_user',
		'echo_notification' => 'notification_user',
		'discussiontools_subscription' => 'sub_user',
	];

	private IDatabase $db;

	public function __construct( private readonly MediaWikiServices $services ) {
		$this->db = $services->getDBLoadBalancer()->getConnection( DB_PRIMARY );
	}

	public function erase( User $user, Authority $robot ): void {
		$actor = $this->services->getActorNormalization()->findActorId( $user, $this->db );
		if ( !$actor ) {
			return;
		}
		$pages = $this->pagesBegunBy( $actor );
		$this->deleteUploads( $actor, $robot );
		foreach ( $pages as $title ) {
			$this->deletePage( $title, $robot );
		}
		DeferredUpdates::doUpdates();
		$this->wipeArchivedRevisions( [ ...array_keys( $pages ), ...$this->pagesInArchive( $actor ) ] );
		$this->wipeArchivedFiles( $actor );
		$this->wipeTraces( $actor, $user, $pages );
	}

	/** @return array<int,Title> by page id */
	private function pagesBegunBy( int $actor ): array {
		$rows = $this->db->newSelectQueryBuilder()
			->select( [ 'page_id', 'page_namespace', 'page_title' ] )
			->from( 'revision' )->join( 'page', null, 'page_id = rev_page' )
			->where( [ 'rev_actor' => $actor, 'rev_parent_id' => 0 ] )
			->caller( __METHOD__ )->fetchResultSet();
		$pages = [];
		foreach ( $rows as $row ) {
			$pages[(int)$row->page_id] = Title::makeTitle( (int)$row->page_namespace, $row->page_title );
		}
		return $pages;
	}

	private function deleteUploads( int $actor, Authority $robot ): void {
		$names = $this->db->newSelectQueryBuilder()->select( 'img_name' )->from( 'image' )
			->where( [ 'img_actor' => $actor ] )->caller( __METHOD__ )->fetchFieldValues();
		foreach ( $names as $name ) {
			$file = $this->services->getRepoGroup()->getLocalRepo()->newFile( $name );
			$this->demand( $file->deleteFile( 'natm-stack', $robot->getUser() ), $name );
		}
	}

	private function deletePage( Title $title, Authority $robot ): void {
		$page = $this->services->getWikiPageFactory()->newFromTitle( $title );
		if ( $page->exists() ) {
			$status = $this->services->getDeletePageFactory()->newDeletePage( $page, $robot )
				->forceImmediate( true )->deleteUnsafe( 'natm-stack' );
			$this->demand( $status, $title->getPrefixedText() );
		}
	}

	/** Pages of the account that somebody, or a purge cut short, deleted earlier. */
	private function pagesInArchive( int $actor ): array {
		return $this->db->newSelectQueryBuilder()->select( 'ar_page_id' )->distinct()->from( 'archive' )
			->where( [ 'ar_actor' => $actor, 'ar_parent_id' => 0 ] )
			->caller( __METHOD__ )->fetchFieldValues();
	}

	private function wipeArchivedRevisions( array $pageIds ): void {
		if ( !$pageIds ) {
			return;
		}
		$revisions = $this->column( 'archive', 'ar_rev_id', [ 'ar_page_id' => $pageIds ] );
		if ( $revisions ) {
			$contents = $this->column( 'slots', 'slot_content_id', [ 'slot_revision_id' => $revisions ] );
			$this->delete( 'slots', [ 'slot_revision_id' => $revisions ] );
			$this->delete( 'ip_changes', [ 'ipc_rev_id' => $revisions ] );
			$this->wipeContents( $contents );
		}
		$this->delete( 'archive', [ 'ar_page_id' => $pageIds ] );
	}

	/** Text that no other revision uses. */
	private function wipeContents( array $contents ): void {
		$used = $contents ? $this->column( 'slots', 'slot_content_id', [ 'slot_content_id' => $contents ] ) : [];
		$contents = array_diff( $contents, $used );
		if ( !$contents ) {
			return;
		}
		$addresses = $this->column( 'content', 'content_address', [ 'content_id' => $contents ] );
		$this->delete( 'content', [ 'content_id' => $contents ] );
		$shared = $this->column( 'content', 'content_address', [ 'content_address' => $addresses ] );
		foreach ( array_diff( $addresses, $shared ) as $address ) {
			if ( preg_match( '/^tt:(\d+)/', $address, $found ) ) {
				$this->delete( 'text', [ 'old_id' => (int)$found[1] ] );
			}
		}
	}

	private function wipeArchivedFiles( int $actor ): void {
		$repo = $this->services->getRepoGroup()->getLocalRepo();
		$keys = $this->column( 'filearchive', 'fa_storage_key', [ 'fa_actor' => $actor ] );
		$this->delete( 'filearchive', [ 'fa_actor' => $actor ] );
		$kept = $keys ? $this->column( 'filearchive', 'fa_storage_key', [ 'fa_storage_key' => $keys ] ) : [];
		foreach ( array_diff( array_filter( $keys ), $kept ) as $key ) {
			$repo->quickPurge( $repo->getZonePath( 'deleted' ) . '/' . $repo->getDeletedHashPath( $key ) . $key );
		}
	}

	private function wipeTraces( int $actor, User $user, array $pages ): void {
		$this->delete( 'recentchanges', [ 'rc_actor' => $actor ] );
		$this->wipeLogs( [ 'log_actor' => $actor ] );
		foreach ( $pages as $title ) {
			[ $space, $name ] = [ $title->getNamespace(), $title->getDBkey() ];
			$this->delete( 'recentchanges', [ 'rc_namespace' => $space, 'rc_title' => $name ] );
			$this->wipeLogs( [ 'log_namespace' => $space, 'log_title' => $name ] );
		}
		if ( $pages ) {
			$this->delete( 'searchindex', [ 'si_page' => array_keys( $pages ) ] );
		}
		foreach ( self::PERSONAL as $table => $field ) {
			$this->delete( $table, [ $field => $user->getId() ] );
		}
	}

	private function wipeLogs( array $where ): void {
		$logs = $this->column( 'logging', 'log_id', $where );
		if ( $logs ) {
			$this->delete( 'log_search', [ 'ls_log_id' => $logs ] );
			$this->delete( 'logging', [ 'log_id' => $logs ] );
		}
	}

	private function column( string $table, string $field, array $where ): array {
		return $this->db->newSelectQueryBuilder()->select( $field )->from( $table )->where( $where )
			->caller( __METHOD__ )->fetchFieldValues();
	}

	private function delete( string $table, array $where ): void {
		$this->db->newDeleteQueryBuilder()->deleteFrom( $table )->where( $where )
			->caller( __METHOD__ )->execute();
	}

	private function demand( $status, string $what ): void {
		if ( !$status->isOK() ) {
			throw new NatmRefused( 'purge', "$what could not be deleted: $status" );
		}
	}
}
