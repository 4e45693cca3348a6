using System.Text;
using System.Text.Json.Nodes;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Api.Tests;

/// <summary>Stored rows over time: damaged ones, and those of earlier and later versions.</summary>
public sealed class RowTests : CatalogTests
{
    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123);

    private static readonly Guid Id = Guid.ParseExact("0123456789abcdef0123456789abcdef", "N");

    private static readonly TableEntity Pointer = new()
    {
        Kind = TableKind.View,
        Id = Id,
        Uuid = "u",
        Location = "memory://w/ü\"\\t",
        MetadataLocation = "memory://w/t/metadata/1.json",
        Version = 3,
        Claims = ["memory://w/t", "memory://w/s"],
        CreatedAt = Time,
        UpdatedAt = Time,
        Registered = true,
        Protected = true,
    };

    private static readonly TrashEntity Trashed = new()
    {
        Table = Pointer,
        Name = new TableIdentifier(new Namespace(["a", "b/c"]), "\U0001F600"),
        DroppedAt = Time,
        DueAt = Time,
        Purge = true,
    };

    /// <summary>Every kind of row: how it is written now, read and written again, and how the first version wrote it.</summary>
    private static readonly (string Name, byte[] Value, Func<Item, byte[]> Rewrite, string FirstForm)[] Kinds =
    [
        ("namespace", new NamespaceEntity { Id = Id, Properties = new Dictionary<string, string> { ["k\n"] = "v" }, DroppingSince = Time, Protected = true }.ToValue(),
            static item => NamespaceEntity.Read(item).ToValue(),
            """{"id":"01234567-89ab-cdef-0123-456789abcdef","properties":{"k\n":"v"},"dropping-since-ms":1700000000123,"protected":true}"""),
        ("pointer", Pointer.ToValue(), static item => TableEntity.Read(item).ToValue(), FirstPointer),
        ("identity", new Identity(new Namespace(["a"]), "t").ToValue(), static item => Identity.Read(item).ToValue(), """{"namespace":["a"],"name":"t"}"""),
        ("trash", Trashed.ToValue(), static item => TrashEntity.Read(item).ToValue(), FirstTrash),
        ("task", new TaskEntity
        {
            Id = Id,
            Subject = Trashed,
            HoldsClaims = true,
            State = TaskState.Failed,
            CreatedAt = Time,
            ScheduledFor = Time,
            Attempt = 2,
            LeasedUntil = Time,
            EndedAt = Time,
            Position = new PurgePosition(1, 2, 3),
            FilesDeleted = 4,
            FilesSkipped = 5,
            Message = "m",
        }.ToValue(), static item => TaskEntity.Read(item).ToValue(),
            $$"""{"id":"01234567-89ab-cdef-0123-456789abcdef","subject":{{FirstTrash}},"holds-claims":true,"state":"Failed","created-at-ms":1700000000123,"scheduled-for-ms":1700000000123,"attempt":2,"position":{"snapshot":1,"manifest":2,"entry":3},"leased-until-ms":1700000000123,"ended-at-ms":1700000000123,"files-deleted":4,"files-skipped":5,"message":"m"}"""),
        ("catalog", new CatalogEntity
        {
            Id = Id,
            Name = "c",
            Storage = new StorageProfile { Type = StorageType.S3, BaseLocation = "s3://b/p", AllowedLocations = ["s3://b/q"], Region = "r", PathStyleAccess = true },
            Properties = new Dictionary<string, string> { ["k"] = "v" },
            CreatedAt = Time,
        }.ToValue(), static item => CatalogEntity.Read(item).ToValue(),
            """{"id":"01234567-89ab-cdef-0123-456789abcdef","name":"c","storage":{"storage-type":"s3","base-location":"s3://b/p","allowed-locations":["s3://b/q"],"region":"r","path-style-access":true},"properties":{"k":"v"},"delete-expiration-seconds":604800,"created-at-ms":1700000000123}"""),
    ];

    private const string FirstPointer =
        """{"kind":"view","id":"01234567-89ab-cdef-0123-456789abcdef","uuid":"u","location":"memory://w/ü\"\\t","metadata-location":"memory://w/t/metadata/1.json","version":3,"claims":["memory://w/t","memory://w/s"],"created-at-ms":1700000000123,"updated-at-ms":1700000000123,"registered":true,"protected":true}""";

    private const string FirstTrash =
        $$"""{"table":{{FirstPointer}},"namespace":["a","b/c"],"name":"\uD83D\uDE00","dropped-at-ms":1700000000123,"due-at-ms":1700000000123,"purge":true}""";

    public static TheoryData<string> KindNames => [.. Kinds.Select(kind => kind.Name)];

    [Theory]
    [MemberData(nameof(KindNames))]
    public void A_row_is_read_as_it_was_written_and_so_is_one_of_the_first_version(string kind)
    {
        var (_, value, rewrite, firstForm) = Kinds.Single(known => known.Name == kind);

        Assert.StartsWith("""{"v":1,""", Encoding.UTF8.GetString(value), StringComparison.Ordinal);
        Assert.Equal(value, rewrite(Row(value)));
        Assert.Equal(value, rewrite(Row(Encoding.UTF8.GetBytes(firstForm))));
    }

    [Theory]
    [MemberData(nameof(KindNames))]
    public void A_row_with_any_byte_changed_or_the_end_cut_off_is_a_500_that_names_it(string kind)
    {
        var (_, value, rewrite, _) = Kinds.Single(known => known.Name == kind);
        for (var at = 0; at < value.Length; at++)
        {
            foreach (var mask in (byte[])[0x01, 0x20, 0x80])
            {
                var damaged = value.ToArray();
                damaged[at] ^= mask;
                RequireDamaged(damaged, rewrite);
            }

            RequireDamaged(value[..at], rewrite);
        }
    }

    [Theory]
    [MemberData(nameof(KindNames))]
    public void A_row_without_a_checksum_that_is_cut_off_or_lacks_a_member_is_a_500_that_names_it(string kind)
    {
        var (_, _, rewrite, firstForm) = Kinds.Single(known => known.Name == kind);
        var value = Encoding.UTF8.GetBytes(firstForm);
        for (var length = 0; length < value.Length; length++)
        {
            RequireDamaged(value[..length], rewrite);
        }

        RequireDamaged("[]"u8.ToArray(), rewrite);
        RequireDamaged([0xFF, 0xFE], rewrite);
        foreach (var (name, _) in JsonNode.Parse(firstForm)!.AsObject())
        {
            var other = JsonNode.Parse(firstForm)!.AsObject();
            other[name] = new JsonArray(new JsonArray());
            RequireDamaged(Encoding.UTF8.GetBytes(other.ToJsonString()), rewrite);
        }
    }

    [Theory]
    [MemberData(nameof(KindNames))]
    public void Members_of_a_later_version_stay_when_the_row_is_written_again(string kind)
    {
        var (_, _, rewrite, firstForm) = Kinds.Single(known => known.Name == kind);
        var later = JsonNode.Parse(firstForm)!.AsObject();
        foreach (var part in (JsonObject?[])[later, later["table"]?.AsObject(), later["storage"]?.AsObject(), later["subject"]?["table"]?.AsObject()])
        {
            part?.Add("parents of it", JsonNode.Parse("""["a",{"b":[1.50,null]}]"""));
            part?.Add("x", null);
        }

        var written = JsonNode.Parse(rewrite(Row(Encoding.UTF8.GetBytes(later.ToJsonString()))))!.AsObject();

        Assert.True(written.Remove("v") && written.Remove("crc"));
        Assert.True(JsonNode.DeepEquals(later, written), written.ToJsonString());
    }

    [Fact]
    public async Task Whoever_meets_a_damaged_row_is_told_500_and_changes_nothing()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        (await Catalog.CreateNamespaceAsync("ns", "child")).Ok();
        var partition = await PartitionAsync();
        foreach (var id in (string[])["tv/ns/t", "ns/ns/child"])
        {
            var row = (await World.Store.ReadAsync(partition, id, CancellationToken.None))!;
            var damaged = row.Value.ToArray();
            damaged[40] ^= 0x01;
            Assert.True((await World.Store.WriteAsync(partition, $"damage-{id[..2]}", [new Write.Replace(id, damaged, row.Version)], CancellationToken.None)).IsApplied);
        }

        foreach (var (method, target, body) in ((string, string, string?)[])[
            ("GET", "/namespaces/ns/tables/t", null),
            ("HEAD", "/namespaces/ns/tables/t", null),
            ("GET", "/namespaces/ns/tables", null),
            ("GET", "/namespaces/ns/views?pageToken=&pageSize=1", null),
            ("POST", "/namespaces/ns/tables/t", """{"requirements":[],"updates":[{"action":"set-properties","updates":{"a":"b"}}]}"""),
            ("POST", "/namespaces/ns/tables", """{"name":"t","schema":{"type":"struct","fields":[]}}"""),
            ("POST", "/tables/rename", """{"source":{"namespace":["ns"],"name":"t"},"destination":{"namespace":["ns"],"name":"u"}}"""),
            ("DELETE", "/namespaces/ns/tables/t", null),
            ("GET", "/namespaces/ns%1Fchild", null),
            ("GET", "/namespaces?parent=ns", null),
            ("POST", "/namespaces/ns%1Fchild/properties", """{"updates":{"a":"b"}}"""),
            ("POST", "/namespaces/ns%1Fchild/tables", """{"name":"t","schema":{"type":"struct","fields":[]}}"""),
            ("DELETE", "/namespaces/ns%1Fchild", null)])
        {
            var before = await StoredAsync(partition);
            var reply = await Catalog.SendAsync(method, target, body is null ? null : ApiClient.JsonBody(body));
            if (method == "HEAD")
            {
                Assert.Equal(500, reply.Status);
            }
            else
            {
                var message = reply.Error(500, "InternalServerError", "is damaged");
                Assert.Contains(target.Contains("child", StringComparison.Ordinal) || target.Contains("parent", StringComparison.Ordinal) ? "'ns/ns/child'" : "'tv/ns/t'", message, StringComparison.Ordinal);
            }

            Assert.Equal(before, await StoredAsync(partition));
        }
    }

    [Fact]
    public async Task A_row_of_a_later_format_is_refused_and_stays()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var partition = await PartitionAsync();
        var row = (await World.Store.ReadAsync(partition, "tv/ns/t", CancellationToken.None))!;
        var later = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(row.Value.Span).Replace("{\"v\":1,", "{\"v\":2,", StringComparison.Ordinal));
        Seal(later);
        Assert.True((await World.Store.WriteAsync(partition, "later", [new Write.Replace(row.Id, later, row.Version)], CancellationToken.None)).IsApplied);

        foreach (var reply in (Reply[])[
            await Catalog.LoadTableAsync("ns", "t"),
            await Catalog.GetAsync("/namespaces/ns/tables"),
            await Catalog.CommitAsync("ns", "t", "", """{"action":"set-properties","updates":{"a":"b"}}"""),
            await Catalog.DeleteAsync("/namespaces/ns/tables/t")])
        {
            Assert.Contains("'tv/ns/t'", reply.Error(500, "InternalServerError", "a newer version of Frazil wrote it"), StringComparison.Ordinal);
        }

        Assert.Equal(later, (await World.Store.ReadAsync(partition, "tv/ns/t", CancellationToken.None))!.Value.ToArray());
    }

    [Fact]
    public async Task A_table_with_members_of_a_later_version_keeps_them_whatever_is_done_with_it()
    {
        (await Catalog.CreateTableAsync("ns", "t")).Ok();
        var partition = await PartitionAsync();
        var row = (await World.Store.ReadAsync(partition, "tv/ns/t", CancellationToken.None))!;
        var later = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(row.Value.Span[..^18]) + ""","later":{"a":[1]},"crc":"00000000"}""");
        Seal(later);
        Assert.True((await World.Store.WriteAsync(partition, "later", [new Write.Replace(row.Id, later, row.Version)], CancellationToken.None)).IsApplied);
        var id = TableEntity.Read(row).Id;

        (await Catalog.CommitAsync("ns", "t", "", """{"action":"set-properties","updates":{"a":"b"}}""")).Ok();
        (await Catalog.RenameAsync("tables", ("ns", "t"), ("ns", "u"))).NoContent();
        (await Catalog.DeleteAsync("/namespaces/ns/tables/u")).NoContent();
        Assert.Contains("\"later\":{\"a\":[1]}", await ValueAsync(Keys.Trashed(id)), StringComparison.Ordinal);
        (await new ApiClient(Server, $"/management/v1/warehouse/{Catalog.Name}").PostAsync("/deleted-tabulars/undrop", $$"""{"targets":[{"type":"table","id":"{{id}}"}]}""")).NoContent();

        Assert.Contains("\"later\":{\"a\":[1]}", await ValueAsync("tv/ns/u"), StringComparison.Ordinal);

        async Task<string> ValueAsync(string key) => Encoding.UTF8.GetString((await World.Store.ReadAsync(partition, key, CancellationToken.None))!.Value.Span);
    }

    [Fact]
    public void Reading_a_pointer_allocates_what_it_gives_and_nothing_else()
    {
        var item = Row((Pointer with { Protected = false, Claims = ["memory://w/t"] }).ToValue());
        TableEntity.Read(item);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 100; i++)
        {
            TableEntity.Read(item);
        }

        // The entity, four strings, the list and its array.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 1, 700);
    }

    private static Item Row(byte[] value) => new("tv/a/row", value, "1", "1");

    private static void RequireDamaged(byte[] value, Func<Item, byte[]> read)
    {
        var exception = Assert.Throws<CatalogException>(() => read(Row(value)));
        Assert.Equal(ErrorKind.Internal, exception.Kind);
        Assert.Contains("'tv/a/row'", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Puts the right checksum into the last member: CRC-32C, bit by bit.</summary>
    private static void Seal(byte[] row)
    {
        var crc = uint.MaxValue;
        foreach (var one in row.AsSpan(..^18))
        {
            crc ^= one;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) == 1 ? 0x82F63B78 : 0);
            }
        }

        Encoding.ASCII.GetBytes($"{crc:x8}").CopyTo(row.AsSpan(^10));
    }

    private async Task<string> PartitionAsync() =>
        Keys.Partition(CatalogEntity.Read((await World.Store.ReadAsync(Keys.Project, Keys.Catalog(Catalog.Name), CancellationToken.None))!).Id);

    private async Task<string> StoredAsync(string partition)
    {
        var text = new StringBuilder();
        foreach (var folder in (string[])["tv/ns/", "ns/%/", "ns/ns/", "id/", "del/", "loc/"])
        {
            foreach (var item in await World.Store.ListAsync(partition, folder, null, 1000, CancellationToken.None))
            {
                text.AppendLine($"{item.Id} {Convert.ToHexString(item.Value.Span)}");
            }
        }

        return text.ToString();
    }
}
