using System.IO.Compression;
using System.IO.Hashing;
using System.Reflection;
using System.Text;

namespace Frazil.Api.Tests.Files;

/// <summary>What many requests share of a metadata file.</summary>
public sealed class MetadataDocumentTests
{
    private const int Readers = 8;
    private const int Rounds = 200;

    [Fact]
    public async Task Whoever_asks_first_for_a_form_makes_it_for_all_who_ask_meanwhile()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var document = new MetadataDocument("file:///t/metadata/1.metadata.json", Json(snapshots: 20));
            using var start = new Barrier(Readers);
            var seen = await Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => Task.Factory.StartNew(
                async () =>
                {
                    start.SignalAndWait();
                    return (Deflated: await document.DeflatedAsync(default), Referenced: await document.ReferencedAsync(default));
                },
                TaskCreationOptions.LongRunning).Unwrap()));

            Assert.Single(seen.Select(forms => forms.Deflated).Distinct());
            Assert.Single(seen.Select(forms => forms.Referenced).Distinct());
        }
    }

    [Fact]
    public async Task Whoever_waits_for_a_form_of_a_large_document_keeps_no_thread()
    {
        var document = new MetadataDocument("file:///t/metadata/1.metadata.json", Json(snapshots: 100_000));
        using var start = new Barrier(Readers);
        var asked = await Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                var asking = document.ReferencedAsync(default);
                return (WasMade: asking.IsCompleted, Form: asking.AsTask());
            },
            TaskCreationOptions.LongRunning)));

        Assert.Contains(asked, one => one.WasMade);
        Assert.Contains(asked, one => !one.WasMade);
        Assert.Single((await Task.WhenAll(asked.Select(one => one.Form))).Distinct());
    }

    [Fact]
    public async Task Who_waited_for_a_form_makes_it_where_the_first_had_no_memory_for_it()
    {
        var document = new MetadataDocument("file:///t/metadata/1.metadata.json", Json(snapshots: 50_000));
        using var start = new Barrier(Readers);
        var refused = 0;
        var made = await Task.WhenAll(Enumerable.Range(0, Readers).Select(reader => Task.Factory.StartNew(
            async () =>
            {
                Measures.Begin(new MemoryBudget(reader == 0 ? long.MaxValue : 1));
                start.SignalAndWait();
                try
                {
                    return await document.ReferencedAsync(default);
                }
                catch (Frazil.Iceberg.CatalogException exception) when (exception.Kind == Frazil.Iceberg.ErrorKind.PayloadTooLarge)
                {
                    Interlocked.Increment(ref refused);
                    return null;
                }
            },
            TaskCreationOptions.LongRunning).Unwrap()));

        Assert.NotNull(made[0]);
        Assert.Equal(Readers - refused, made.Count(one => one == made[0]));
    }

    [Fact]
    public void The_deflated_form_is_the_text()
    {
        var document = new MetadataDocument("file:///t/metadata/1.metadata.json", Json(snapshots: 100));

        Assert.Equal(document.Json.ToArray(), document.Deflated.ToText());
        using var inflated = new MemoryStream();
        using (var deflate = new DeflateStream(new MemoryStream([.. document.Deflated.Blocks.Span, .. document.Deflated.Blocks.Span, 3, 0]), CompressionMode.Decompress))
        {
            deflate.CopyTo(inflated);
        }

        Assert.Equal([.. document.Json.Span, .. document.Json.Span], inflated.ToArray());
    }

    [Fact]
    public void The_gzip_file_is_the_text()
    {
        var document = new MetadataDocument("file:///t/metadata/1.gz.metadata.json", Json(snapshots: 100));

        var file = document.Deflated.ToGzip(Crc32.HashToUInt32(document.Json.Span));

        Assert.Equal(document.Json.ToArray(), Frazil.Iceberg.MetadataLocation.Decode(file, int.MaxValue).ToArray());
    }

    [Fact]
    public void Nothing_that_requests_share_has_a_field_that_can_be_seen_half_written()
    {
        HashSet<Type> known = [];
        Queue<Type> toSee = new([typeof(MetadataDocument), typeof(MetadataFiles), typeof(Frazil.Iceberg.TableMetadata), typeof(Frazil.Iceberg.ViewMetadata), typeof(Catalogs), typeof(Catalog)]);
        List<string> torn = [];
        while (toSee.TryDequeue(out var type))
        {
            foreach (var part in type.GetGenericArguments())
            {
                See(part);
            }

            if (!known.Add(type) || type.Namespace?.StartsWith("Frazil", StringComparison.Ordinal) is not true)
            {
                continue;
            }

            foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            {
                See(field.FieldType);
                if (type.IsClass && !field.IsInitOnly && field.FieldType.IsValueType && !IsOneWord(field.FieldType))
                {
                    torn.Add($"{type}.{field.Name}");
                }
            }
        }

        Assert.Contains(typeof(Frazil.Iceberg.Schema), known);
        Assert.Empty(torn);

        void See(Type type)
        {
            toSee.Enqueue(type.IsArray ? type.GetElementType()! : type);
        }

        static bool IsOneWord(Type type) => type.IsPrimitive || type.IsEnum || type == typeof(nint);
    }

    /// <summary>A table of snapshots of which the last is referenced.</summary>
    internal static byte[] Json(int snapshots)
    {
        var items = Enumerable.Range(1, snapshots).Select(id =>
            $$$"""{"snapshot-id":{{{id}}},"sequence-number":{{{id}}},"timestamp-ms":1600000000000,"summary":{"operation":"append"},"manifest-list":"file:///t/metadata/{{{id}}}.avro"}""");
        return Encoding.UTF8.GetBytes($$$"""
            {"format-version":2,"table-uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1","location":"file:///t","last-updated-ms":1600000000000,"last-column-id":1,"current-schema-id":0,
            "schemas":[{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"x","required":false,"type":"long"}]}],"default-spec-id":0,"partition-specs":[{"spec-id":0,"fields":[]}],
            "last-partition-id":999,"default-sort-order-id":0,"sort-orders":[{"order-id":0,"fields":[]}],"properties":{},"last-sequence-number":{{{snapshots}}},
            "refs":{"main":{"type":"branch","snapshot-id":{{{snapshots}}} } },"current-snapshot-id":{{{snapshots}}},"snapshots":[{{{string.Join(',', items)}}}]}
            """);
    }
}
