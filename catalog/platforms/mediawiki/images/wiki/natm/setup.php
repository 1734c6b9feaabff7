<?php
// SPDX-License-Identifier: AGPL-3.0-or-later
/**
 * Makes the wiki on the first start and brings its tables up to date on later ones.
 *
 * It can be killed at any moment and run again. The database itself remembers, in the table
 * `updatelog`, that the installation was finished and with which version; as long as it does
 * not and nobody has written anything, what is there is half an installation: it is thrown away
 * and begun again. As soon as people have written something, nothing is ever thrown away.
 */

const MARK = 'natm-setup';
const RUN = '/usr/share/mediawiki/maintenance/run.php';
const ROBOT = 'Natm stack';
const PASSWORD_FILE = '/run/secrets/setup_password';

mysqli_report( MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT );

/** What the installed tables depend on: the package and the settings (with their extensions). */
function wantedVersion(): string {
	$package = trim( file_get_contents( '/etc/mediawiki/package-version' ) );
	return $package . ' ' . sha1_file( '/etc/mediawiki/LocalSettings.php' );
}

function say( string $text ): void {
	fwrite( STDERR, "setup: $text\n" );
}

/** Connects as the account that may change tables, waiting up to two minutes. */
function connect(): mysqli {
	$password = trim( file_get_contents( PASSWORD_FILE ) );
	for ( $second = 0; ; $second++ ) {
		try {
			return new mysqli( 'database', 'wiki_setup', $password, 'wiki' );
		} catch ( mysqli_sql_exception $problem ) {
			if ( $second >= 120 ) {
				throw $problem;
			}
			sleep( 1 );
		}
	}
}

function tables( mysqli $db ): array {
	return array_column( $db->query( 'SHOW TABLES' )->fetch_all(), 0 );
}

function rows( mysqli $db, string $query ): int {
	return (int)$db->query( $query )->fetch_row()[0];
}

/** The version in the mark, or null where the installation never came to its end. */
function mark( mysqli $db ): ?string {
	if ( !in_array( 'updatelog', tables( $db ) ) ) {
		return null;
	}
	$row = $db->query( "SELECT ul_value FROM updatelog WHERE ul_key = '" . MARK . "'" )->fetch_row();
	return $row ? (string)$row[0] : null;
}

function setMark( mysqli $db, string $version ): void {
	$statement = $db->prepare( 'REPLACE INTO updatelog (ul_key, ul_value) VALUES (?, ?)' );
	$statement->execute( [ MARK, $version ] );
}

/** Whether anybody but the installer has an account or has written or uploaded anything. */
function holdsWork( mysqli $db ): bool {
	$there = tables( $db );
	$machines = "'MediaWiki default', '" . ROBOT . "'";
	$questions = [
		'user' => "SELECT COUNT(*) FROM user WHERE user_name NOT IN ($machines)",
		'actor' => "SELECT COUNT(*) FROM actor WHERE actor_name NOT IN ($machines)",
		'revision' => 'SELECT GREATEST(COUNT(*) - 1, 0) FROM revision',
		'archive' => 'SELECT COUNT(*) FROM archive',
		'image' => 'SELECT COUNT(*) FROM image',
	];
	foreach ( $questions as $table => $query ) {
		if ( in_array( $table, $there ) && rows( $db, $query ) > 0 ) {
			return true;
		}
	}
	return false;
}

function dropAll( mysqli $db ): void {
	$db->query( 'SET FOREIGN_KEY_CHECKS = 0' );
	foreach ( tables( $db ) as $table ) {
		$db->query( 'DROP TABLE `' . str_replace( '`', '``', $table ) . '`' );
	}
}

/** Runs one of MediaWiki's own programs; ends everything where it fails. */
function run( array $words, array $environment = [] ): void {
	$streams = [ 0 => [ 'file', '/dev/null', 'r' ], 1 => STDERR, 2 => STDERR ];
	$process = proc_open(
		[ PHP_BINARY, RUN, ...$words ], $streams, $pipes, null, $environment + getenv()
	);
	$code = proc_close( $process );
	if ( $code !== 0 ) {
		say( "$words[0] ended with $code" );
		exit( 1 );
	}
}

/**
 * MediaWiki's installer fills an empty database. Its first account gets a password nobody ever
 * sees and is locked by finish.php; passwords go by file. What it writes as settings is not used,
 * so the address may be one that refuses at once: the installer would try the real one for long.
 */
function install( array $wiki ): void {
	$folder = '/tmp/install';
	@mkdir( $folder, 0700 );
	file_put_contents( "$folder/password", bin2hex( random_bytes( 24 ) ) );
	run( [
		'install', '--dbtype', 'mysql', '--dbserver', 'database', '--dbname', 'wiki',
		'--dbuser', 'wiki_setup', '--dbpassfile', PASSWORD_FILE,
		'--passfile', "$folder/password", '--confpath', $folder,
		'--server', 'http://127.0.0.1:9', '--scriptpath', '', '--lang', $wiki['language'],
		'--skins', 'Vector', $wiki['name'], ROBOT,
	], [ 'MW_CONFIG_FILE' => "$folder/none.php" ] );
	array_map( 'unlink', glob( "$folder/*" ) );
	rmdir( $folder );
}

function main(): void {
	$wiki = json_decode( file_get_contents( '/etc/mediawiki/wiki.json' ), true );
	$db = connect();
	$done = mark( $db );
	$isNew = false;
	if ( $done === null && !holdsWork( $db ) ) {
		say( 'making a new wiki' );
		dropAll( $db );
		install( $wiki );
		$isNew = true;
	}
	$wanted = wantedVersion();
	if ( $done !== $wanted ) {
		say( 'bringing the tables up to date' );
		run( [ 'update', '--quick' ] );
	}
	run( [ '/opt/natm/finish.php', ...( $isNew ? [ '--new' ] : [] ) ] );
	run( [ 'rebuildLocalisationCache', '--quiet', '--lang', implode( ',', $wiki['languages'] ) ] );
	// The connection may have grown old meanwhile.
	setMark( connect(), $wanted );
	say( 'ready' );
}

main();
