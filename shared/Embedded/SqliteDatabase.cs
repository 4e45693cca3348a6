using System.Globalization;
using Frazil.Storage;
using Microsoft.Data.Sqlite;

namespace Frazil.EmbeddedBackend;

/// <summary>The database file of <see cref="SqliteKeyValueStore"/>: how it is made, recognised and opened.</summary>
internal static class SqliteDatabase
{
    /// <summary>"FRZL" in the file's header, so that a foreign database is never written to.</summary>
    private const int ApplicationId = 0x46525A4C;

    /// <summary>The layout below. A file of a later layout is refused.</summary>
    private const int Layout = 1;

    /// <summary>A change that changes nothing.</summary>
    public static readonly string TouchStatement = string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Layout}");

    /// <summary>How long one statement waits for another process's lock.</summary>
    public static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Size to which the write-ahead log is cut back once it has been copied into the database.</summary>
    private const int LogSizeLimit = 64 * 1024 * 1024;

    // The version of a row is the commit id of the batch that wrote it last: one column serves as both.
    private const string Schema = """
        CREATE TABLE item (
            partition TEXT NOT NULL,
            folder    TEXT NOT NULL,
            name      TEXT NOT NULL,
            version   TEXT NOT NULL,
            value     BLOB NOT NULL,
            PRIMARY KEY (partition, folder, name)
        ) STRICT, WITHOUT ROWID;
        """;

    /// <summary>
    /// When a row ends, in seconds of Unix time, and the order in which rows do. A file of a version that did not know ends gets both when it is opened; that version can open it again, since it names
    /// its columns.
    /// </summary>
    private const string EndSchema = """
        ALTER TABLE item ADD COLUMN ends INTEGER;
        CREATE INDEX item_ends ON item (partition, ends) WHERE ends IS NOT NULL;
        """;

    /// <summary>Makes the file and its folder when missing; refuses a file that is not ours.</summary>
    /// <exception cref="InvalidDataException">The file is no SQLite database, damaged, foreign, or of a later layout.</exception>
    public static void Prepare(string path, TimeSpan busyTimeout)
    {
        var folder = Path.GetDirectoryName(path)!;
        DurableFolders.Create(Disk.Native, folder);
        try
        {
            using var connection = Connect(path, busyTimeout);

            // One look out of one snapshot: another process may be making the file at this moment.
            Execute(connection, "BEGIN");
            var isOurs = IsOurs(connection, path);
            Execute(connection, "COMMIT");

            // A file that some other tool copied back may have lost its write-ahead log, which servers beside each other need.
            if (!isOurs || !IsWriteAhead(connection))
            {
                Make(connection, path);
                Disk.Native.SyncFolder(folder);
            }

            // Whichever way it came: a copy of an earlier version's file lacks both.
            if (!HasEnds(connection))
            {
                Execute(connection, "PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
                if (!HasEnds(connection))
                {
                    Execute(connection, EndSchema);
                }

                Execute(connection, "COMMIT");
            }
        }
        catch (SqliteException failure)
        {
            throw Translate(failure, path);
        }
    }

    /// <summary>Opens a connection for long use, to be used by one thread at a time.</summary>
    public static SqliteConnection Open(string path, TimeSpan busyTimeout, bool readOnly)
    {
        // Never made anew here: a file that has gone must not come back empty.
        var connection = Connect(path, busyTimeout, SqliteOpenMode.ReadWrite);
        try
        {
            // FULL: an acknowledged commit survives a loss of power. fullfsync is macOS's real fsync; other systems ignore it.
            Execute(connection, $"""
                PRAGMA synchronous = FULL;
                PRAGMA fullfsync = ON;
                PRAGMA checkpoint_fullfsync = ON;
                PRAGMA journal_size_limit = {LogSizeLimit};
                PRAGMA cell_size_check = ON;
                PRAGMA trusted_schema = OFF;
                PRAGMA query_only = {(readOnly ? 1 : 0)};
                """);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="Open"/> for reading, of a file that is there; refuses one that is not ours.</summary>
    /// <exception cref="InvalidDataException">The file is no SQLite database, damaged, foreign, or of a later layout.</exception>
    public static SqliteConnection OpenOurs(string path)
    {
        var connection = Open(path, BusyTimeout, readOnly: true);
        try
        {
            return IsOurs(connection, path) ? connection : throw new InvalidDataException($"The database {path} is empty");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>What a failure means to a caller, where nothing was applied.</summary>
    public static Exception Translate(SqliteException failure, string path) => failure.SqliteErrorCode switch
    {
        SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => new StoreUnavailableException(
            "another program has locked its database and did not let go in time", $"The database {path} is locked by another process", failure),
        SQLitePCL.raw.SQLITE_FULL => new StoreUnavailableException("the disk of its database is full", $"The disk of the database {path} is full", failure),
        SQLitePCL.raw.SQLITE_NOTADB => new InvalidDataException($"The file {path} is not a SQLite database", failure),
        SQLitePCL.raw.SQLITE_CORRUPT => new InvalidDataException($"The database {path} is damaged; restore it from a backup, or try sqlite3's .recover", failure),
        SQLitePCL.raw.SQLITE_CANTOPEN => new StoreUnavailableException(
            "its database cannot be opened", $"The database {path} cannot be opened: does its folder exist, and may this user write there?", failure),
        SQLitePCL.raw.SQLITE_READONLY => new StoreUnavailableException(
            "its database is read-only", $"The database {path} cannot be written: it, its folder or its disk is read-only", failure),
        _ => new IOException($"The database {path} failed: {failure.Message} (SQLite error {failure.SqliteExtendedErrorCode})", failure),
    };

    /// <summary>Runs a statement that gives nothing back.</summary>
    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static SqliteConnection Connect(string path, TimeSpan busyTimeout, SqliteOpenMode mode = SqliteOpenMode.ReadWriteCreate)
    {
        // The driver's own retry polls every 150 ms; SQLite's busy handler, which waits first, does so within 1 to 100 ms and knows more.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 1 }.ConnectionString);
        try
        {
            connection.Open();
            Execute(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA busy_timeout = {busyTimeout.TotalMilliseconds:0}"));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static bool IsOurs(SqliteConnection connection, string path)
    {
        var (application, layout) = (Scalar(connection, "PRAGMA application_id"), Scalar(connection, "PRAGMA user_version"));
        if (application == ApplicationId)
        {
            return layout == Layout ? true : throw new InvalidDataException(
                $"The database {path} has store layout {layout}; this version of Frazil reads layout {Layout}");
        }

        return application == 0 && layout == 0 && Scalar(connection, "SELECT count(*) FROM sqlite_master") == 0 ? false : throw new InvalidDataException(
            $"The file {path} is a SQLite database of another application; name another file for the store");
    }

    private static void Make(SqliteConnection connection, string path)
    {
        // Two processes may meet here. Neither the switch to write-ahead logging nor the wait for the other's switch always goes through the busy handler: let the driver poll.
        connection.DefaultTimeout = (int)BusyTimeout.TotalSeconds;
        using (var command = connection.CreateCommand())
        {
            command.CommandText = "PRAGMA journal_mode = WAL";
            if (command.ExecuteScalar() is not "wal")
            {
                throw new IOException($"The file system of the database {path} does not support SQLite's write-ahead log; put the file on a local disk");
            }
        }

        Execute(connection, "PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
        if (!IsOurs(connection, path))
        {
            Execute(connection, string.Create(CultureInfo.InvariantCulture, $"{Schema} {EndSchema} PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Layout};"));
        }

        Execute(connection, "COMMIT");
    }

    private static bool IsWriteAhead(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode";
        return command.ExecuteScalar() is "wal";
    }

    private static bool HasEnds(SqliteConnection connection) => Scalar(connection, "SELECT count(*) FROM pragma_table_info('item') WHERE name = 'ends'") == 1;

    private static long Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
