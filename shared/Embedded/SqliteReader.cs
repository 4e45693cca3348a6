using System.Text;
using Frazil.Storage;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Frazil.EmbeddedBackend;

/// <summary>A connection with its prepared reads, for one thread at a time.</summary>
/// <remarks>
/// Rows are read through SQLite's own functions: every request reads some, and a command and a reader of the driver for each took more time than SQLite does.
/// </remarks>
internal sealed class SqliteReader : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly sqlite3_stmt read;
    private readonly sqlite3_stmt list;
    private readonly sqlite3_stmt begin;
    private readonly sqlite3_stmt end;
    private byte[] bytes = new byte[1024];
    private char[] chars = new char[1024];

    private readonly TimeProvider clock;

    public SqliteReader(string path, TimeSpan busyTimeout, TimeProvider clock)
    {
        this.clock = clock;
        connection = SqliteDatabase.Open(path, busyTimeout, readOnly: true);
        try
        {
            read = Prepare("SELECT version, value, ends FROM item WHERE partition = ? AND folder = ? AND name = ? AND (ends IS NULL OR ends > ?)");

            // Text is stored as UTF-8 and compared by its bytes, which is the contract's order.
            list = Prepare("SELECT version, value, ends, name FROM item WHERE partition = ? AND folder = ? AND name >= ? AND (ends IS NULL OR ends > ?) ORDER BY name LIMIT ?");
            begin = Prepare("BEGIN");
            end = Prepare("COMMIT");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public Item? Read(string partition, string id)
    {
        var slash = id.LastIndexOf('/') + 1;
        Bind(read, 1, partition);
        Bind(read, 2, id.AsSpan(0, slash));
        Bind(read, 3, id.AsSpan(slash));
        Check(raw.sqlite3_bind_int64(read, 4, clock.GetUtcNow().ToUnixTimeSeconds()));
        try
        {
            return Step(read) ? ItemOf(id, read) : null;
        }
        finally
        {
            raw.sqlite3_reset(read);
        }
    }

    /// <summary>Many rows, out of one snapshot.</summary>
    public Item?[] ReadMany(string partition, IReadOnlyList<string> ids)
    {
        Run(begin);
        var items = new Item?[ids.Count];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = Read(partition, ids[i]);
        }

        Run(end);
        return items;
    }

    public List<Item> List(string partition, FolderRange range, int limit)
    {
        Bind(list, 1, partition);
        Bind(list, 2, range.Folder);
        Bind(list, 3, range.After ?? range.Begin);

        Check(raw.sqlite3_bind_int64(list, 4, clock.GetUtcNow().ToUnixTimeSeconds()));

        // One row more than asked for: the row of After itself may be there, and is not wanted.
        Check(raw.sqlite3_bind_int64(list, 5, limit + 1L));
        try
        {
            var items = new List<Item>();
            while (items.Count < limit && Step(list) && Name() is var name && name.StartsWith(range.Begin))
            {
                if (!name.SequenceEqual(range.After))
                {
                    items.Add(ItemOf(string.Concat(range.Folder, name), list));
                }
            }

            return items;
        }
        finally
        {
            raw.sqlite3_reset(list);
        }
    }

    public void Dispose()
    {
        foreach (var statement in (ReadOnlySpan<sqlite3_stmt?>)[read, list, begin, end])
        {
            statement?.Dispose();
        }

        connection.Dispose();
    }

    private static Item ItemOf(string id, sqlite3_stmt row)
    {
        var version = Encoding.UTF8.GetString(raw.sqlite3_column_blob(row, 0));
        var item = new Item(id, raw.sqlite3_column_blob(row, 1).ToArray(), version, CommitId: version);
        return raw.sqlite3_column_type(row, 2) == raw.SQLITE_NULL ? item : item with { ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(raw.sqlite3_column_int64(row, 2)) };
    }

    /// <summary>The name in a row of a list, until the next is read.</summary>
    private ReadOnlySpan<char> Name()
    {
        var name = raw.sqlite3_column_blob(list, 3);
        if (chars.Length < name.Length)
        {
            chars = new char[name.Length];
        }

        return chars.AsSpan(0, Encoding.UTF8.GetChars(name, chars));
    }

    private sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(connection.Handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
        return statement;
    }

    private void Bind(sqlite3_stmt statement, int parameter, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            // Nothing at no address would be NULL.
            Check(raw.sqlite3_bind_text(statement, parameter, utf8z.FromSpan("\0"u8)));
            return;
        }

        var length = Encoding.UTF8.GetByteCount(text);
        if (bytes.Length < length)
        {
            bytes = new byte[length];
        }

        Encoding.UTF8.GetBytes(text, bytes);
        Check(raw.sqlite3_bind_text(statement, parameter, bytes.AsSpan(0, length)));
    }

    private void Run(sqlite3_stmt statement)
    {
        try
        {
            Step(statement);
        }
        finally
        {
            raw.sqlite3_reset(statement);
        }
    }

    /// <summary>Whether there is another row.</summary>
    private bool Step(sqlite3_stmt statement)
    {
        var result = raw.sqlite3_step(statement);
        if (result is not (raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            SqliteException.ThrowExceptionForRC(result, connection.Handle);
        }

        return result == raw.SQLITE_ROW;
    }

    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, connection.Handle);
}

/// <summary>Prepared statements in short.</summary>
internal static class SqliteCommands
{
    public static SqliteCommand Prepare(this SqliteConnection connection, string sql, params ReadOnlySpan<string> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new SqliteParameter(parameter, null));
        }

        command.Prepare();
        return command;
    }

    public static void Bind(this SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }
    }
}
