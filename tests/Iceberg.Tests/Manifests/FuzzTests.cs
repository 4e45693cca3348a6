using System.Diagnostics;
using System.Text;
using CsCheck;

namespace Frazil.Iceberg.Manifests;

/// <summary>
/// Real files, changed at random. Whatever comes of it is read or refused with a <see cref="CatalogException"/>, for bounded time and memory; CsCheck prints
/// the seed of a run that is neither.
/// </summary>
public sealed class FuzzTests
{
    private const long MaxAllocated = 4L * ManifestLimits.MaxBlockBytes;
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(30);

    private static readonly string[] Corpus =
    [
        .. from name in Fixtures.Names
           where name.EndsWith(".avro", StringComparison.Ordinal)
           where new[] { "java-v3", "java-types", "py-v2" }.Any(start => name.StartsWith(start, StringComparison.Ordinal))
           select name,
    ];

    /// <summary>Numbers that lengths, counts and branches are most surprised by.</summary>
    private static readonly Gen<byte[]> Number = Gen.OneOf(
        Gen.Long,
        Gen.OneOf(0L, 1, -1, 2, 3, 64, 65_536, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue, 1L << 20, 1L << 26, (1L << 26) + 1, 1L << 40))
        .Select(AvroBytes.Long);

    private static readonly Gen<Mutation> Mutations = Gen.Select(
        Gen.Enum<Change>(),
        Gen.Double[0, 1],
        Gen.Double[0, 1],
        Gen.OneOf(Number, Gen.Byte.Array[0, 20]),
        (change, at, length, bytes) => new Mutation(change, at, length, bytes));

    [Fact]
    public void A_file_changed_anywhere_is_read_or_refused()
    {
        Gen.Select(Gen.OneOf(Corpus), Mutations.Array[1, 4]).Sample(
            (name, mutations) => ReadOrRefused(name, mutations.Aggregate(Fixtures.Read(name), (file, mutation) => mutation.Apply(file, 0, file.Length))),
            iter: 10_000);
        AssertBothHappened();
    }

    [Fact]
    public void A_file_with_changed_blocks_is_read_or_refused()
    {
        Gen.Select(Gen.OneOf(Corpus), Mutations.Array[1, 3]).Sample(
            (name, mutations) =>
            {
                var file = Fixtures.Read(name);
                var blocks = EndOfHeader(file);
                ReadOrRefused(name, mutations.Aggregate(file, (changed, mutation) => mutation.Apply(changed, blocks, changed.Length - 16)));
            },
            iter: 10_000);
        AssertBothHappened();
    }

    [Fact]
    public void A_file_with_changed_entries_in_sound_blocks_is_read_or_refused()
    {
        string[] plain = [.. Corpus.Where(name => new[] { "-uncompressed-", "-null-" }.Any(codec => name.Contains(codec, StringComparison.Ordinal)))];
        Gen.Select(Gen.OneOf(plain), Gen.OneOf("null", "deflate", "snappy", "zstandard"), Mutations.Array[1, 3]).Sample(
            (name, codec, mutations) =>
            {
                var (header, blocks) = Split(Fixtures.Read(name));
                var reader = new AvroReader(blocks, 16);
                var count = reader.Long();
                var entries = reader.Bytes();
                var changed = mutations.Aggregate(entries, (bytes, mutation) => mutation.Apply(bytes, 0, bytes.Length));
                var block = AvroBytes.Block(count, AvroBytes.Compress(codec, changed));
                ReadOrRefused(name, [.. AvroBytes.Header(header["avro.schema"], codec, Others(header)), .. block]);
            },
            iter: 20_000);
        AssertBothHappened();
    }

    [Fact]
    public void A_file_with_another_schema_than_its_entries_is_read_or_refused()
    {
        string[] tokens =
        [
            "\"int\"", "\"long\"", "\"string\"", "\"bytes\"", "\"boolean\"", "\"null\"", "\"double\"", "\"array\"", "\"map\"", "\"record\"", "\"fixed\"",
            "\"enum\"", "\"r2\"", "\"manifest_entry\"", "\"date\"", "\"uuid\"", "\"decimal\"", "\"timestamp-micros\"", "[]", "{}", "null", "-1", "2147483648",
        ];
        Gen.Select(Gen.OneOf(Corpus), Gen.Select(Gen.OneOf(tokens), Gen.OneOf(tokens), Gen.Int[0, 40]).Array[1, 4]).Sample(
            (name, swaps) =>
            {
                var (header, rest) = Split(Fixtures.Read(name));
                var schema = swaps.Aggregate(header["avro.schema"], (text, swap) => Swap(text, swap.Item1, swap.Item2, swap.Item3));
                var changed = AvroBytes.Header(schema, header["avro.codec"], Others(header));
                ReadOrRefused(name, [.. changed[..^16], .. rest]);
            },
            iter: 10_000);
        AssertBothHappened();
    }

    private int read;
    private int refused;

    /// <summary>Changes that broke everything at once, or nothing, would test little.</summary>
    private void AssertBothHappened() => Assert.True(read > 50 && refused > 50, $"{read} read, {refused} refused");

    private void ReadOrRefused(string name, byte[] file)
    {
        var clock = Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reading = name.Contains("-list-", StringComparison.Ordinal) ? ReadListAsync(file) : ReadManifestAsync(file);
        Assert.True(reading.IsCompleted);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (reading.Exception?.InnerException is { } exception)
        {
            Assert.True(exception is CatalogException { Kind: ErrorKind.Validation }, $"{name}: {exception}");
            Interlocked.Increment(ref refused);
        }
        else
        {
            Interlocked.Increment(ref read);
        }

        Assert.True(allocated < MaxAllocated, $"{name}: {allocated} bytes");
        Assert.True(clock.Elapsed < MaxTime, $"{name}: {clock.Elapsed}");
    }

    private static async Task ReadListAsync(byte[] file)
    {
        await foreach (var manifest in ManifestListReader.ReadAsync(new MemoryStream(file), "list", CancellationToken.None))
        {
            Assert.NotNull(manifest.ManifestPath);
        }
    }

    private static async Task ReadManifestAsync(byte[] file)
    {
        var described = new ManifestFile { ManifestPath = "m", PartitionSpecId = 0, SequenceNumber = 3, FirstRowId = 7, AddedSnapshotId = 9 };
        using var reader = await ManifestReader.OpenAsync(new MemoryStream(file), described, ManifestProjection.Everything, CancellationToken.None);
        await foreach (var entry in reader.ReadAsync(CancellationToken.None))
        {
            Assert.NotNull(entry.DataFile.FilePath);
        }
    }

    /// <summary>Puts <paramref name="with"/> where <paramref name="what"/> is for the n-th time, if it is.</summary>
    private static string Swap(string text, string what, string with, int n)
    {
        var at = -1;
        for (var i = 0; i <= n; i++)
        {
            var next = text.IndexOf(what, at + 1, StringComparison.Ordinal);
            if (next < 0)
            {
                break;
            }

            at = next;
        }

        return at < 0 ? text : text[..at] + with + text[(at + what.Length)..];
    }

    private static (string, string)[] Others(Dictionary<string, string> header) =>
        [.. header.Where(pair => !pair.Key.StartsWith("avro.", StringComparison.Ordinal)).Select(pair => (pair.Key, pair.Value))];

    private static int EndOfHeader(byte[] file) => file.AsSpan().IndexOf(file.AsSpan()[^16..]) + 16;

    /// <summary>The header's values, and the file from its sync marker on.</summary>
    private static (Dictionary<string, string> Header, byte[] Blocks) Split(byte[] file)
    {
        var header = new Dictionary<string, string>();
        var decoder = new AvroReader(file, 4);
        for (var count = decoder.Long(); count != 0; count = decoder.Long())
        {
            for (; count > 0; count--)
            {
                header.Add(decoder.Text(), decoder.Text());
            }
        }

        return (header, file[decoder.Position..]);
    }

    private enum Change
    {
        Overwrite,
        Insert,
        Remove,
        Repeat,
        Flip,
        Cut,
    }

    private sealed record Mutation(Change Change, double At, double Length, byte[] Bytes)
    {
        public byte[] Apply(byte[] file, int from, int to)
        {
            to = Math.Min(to, file.Length);
            if (from >= to)
            {
                return file;
            }

            var at = from + (int)(At * (to - from - 1));
            var end = Math.Min(to, at + 1 + (int)(Length * Length * (to - at)));
            switch (Change)
            {
                case Change.Overwrite:
                    var changed = file.ToArray();
                    Bytes.AsSpan(0, Math.Min(Bytes.Length, to - at)).CopyTo(changed.AsSpan(at));
                    return changed;
                case Change.Insert:
                    return [.. file[..at], .. Bytes, .. file[at..]];
                case Change.Remove:
                    return [.. file[..at], .. file[end..]];
                case Change.Repeat:
                    return [.. file[..end], .. file[at..]];
                case Change.Flip:
                    var flipped = file.ToArray();
                    flipped[at] ^= (byte)(1 << (Bytes.Length % 8));
                    return flipped;
                default:
                    return file[..end];
            }
        }
    }

    private sealed class AvroReader(byte[] bytes, int position)
    {
        public int Position { get; private set; } = position;

        public long Long()
        {
            var (result, shift) = (0UL, 0);
            byte next;
            do
            {
                next = bytes[Position++];
                result |= (ulong)(next & 0x7F) << shift;
                shift += 7;
            }
            while (next >= 0x80);
            return (long)(result >> 1) ^ -(long)(result & 1);
        }

        public byte[] Bytes()
        {
            var length = (int)Long();
            Position += length;
            return bytes[(Position - length)..Position];
        }

        public string Text() => Encoding.UTF8.GetString(Bytes());
    }
}
