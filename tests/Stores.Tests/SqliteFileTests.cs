using Frazil.EmbeddedBackend;
using Frazil.Storage;
using Microsoft.Data.Sqlite;

namespace Frazil.Stores.Tests;

/// <summary>Which files <see cref="SqliteKeyValueStore"/> makes and takes, and which it leaves alone.</summary>
public sealed class SqliteFileTests
{
    private readonly string path = TemporaryFolder.NewFile("catalog.db");

    [Fact]
    public async Task A_file_opened_by_many_at_once_is_made_once()
    {
        for (var round = 0; round < 5; round++)
        {
            var fresh = TemporaryFolder.NewFile("fresh.db");
            var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => new SqliteKeyValueStore(fresh))));
            var results = await Task.WhenAll(stores.Select(opened => opened.WriteAsync("p", $"{Guid.NewGuid()}", [new Write.Create("a", default)], default).AsTask()));
            Assert.Single(results, result => result.IsApplied);
            foreach (var opened in stores)
            {
                await opened.DisposeAsync();
            }
        }
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_and_left_alone()
    {
        File.WriteAllText(path, new string('x', 10_000));
        Assert.Contains("is not a SQLite database", Assert.Throws<InvalidDataException>(Opened).Message);
        Assert.Equal(new string('x', 10_000), File.ReadAllText(path));
    }

    [Theory]
    [InlineData("CREATE TABLE notes (text TEXT)", "another application")]
    [InlineData("PRAGMA application_id = 7", "another application")]
    [InlineData("PRAGMA application_id = 0x46525A4C; PRAGMA user_version = 99", "layout 99")]
    public void A_foreign_database_is_refused_and_left_alone(string made, string reason)
    {
        using (var foreign = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            foreign.Open();
            SqliteKeyValueStoreTests.Run(foreign, made);
        }

        var before = File.ReadAllBytes(path);
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(Opened).Message);
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_file_that_cannot_be_made_says_so()
    {
        File.WriteAllText(path, "");
        Assert.ThrowsAny<IOException>(() => new SqliteKeyValueStore(path + "/below-a-file.db"));
    }

    [Fact]
    public async Task A_file_in_a_folder_to_be_made_with_an_odd_name_works()
    {
        var odd = Path.Join(TemporaryFolder.New(), "ä b;c='d'?#%", "file:x.db");
        await using var opened = new SqliteKeyValueStore(odd);
        Assert.True((await opened.WriteAsync("p", $"{Guid.NewGuid()}", [new Write.Create("a", default)], default)).IsApplied);
        Assert.True(File.Exists(odd));
    }

    private SqliteKeyValueStore Opened() => new(path);
}
