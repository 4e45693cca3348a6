namespace Frazil.Iceberg.Manifests;

/// <summary>Lists and maps. Both come in runs, each led by its count; a list ends with a run of none.</summary>
internal ref partial struct AvroDecoder
{
    public List<int>? OptionalInts(AvroField field)
    {
        if (OptionalList(field) is not { } items)
        {
            return null;
        }

        var item = field with { Type = items };
        var list = new List<int>();
        for (var count = ReadItemCount(field, 0); count > 0; count = ReadItemCount(field, list.Count))
        {
            for (; count > 0; count--)
            {
                list.Add(Int(item));
            }
        }

        return list;
    }

    public List<long>? OptionalLongs(AvroField field)
    {
        if (OptionalList(field) is not { } items)
        {
            return null;
        }

        var item = field with { Type = items };
        var list = new List<long>();
        for (var count = ReadItemCount(field, 0); count > 0; count = ReadItemCount(field, list.Count))
        {
            for (; count > 0; count--)
            {
                list.Add(Long(item));
            }
        }

        return list;
    }

    /// <summary>How many items come next in a list, 0 at its end.</summary>
    /// <param name="field">The list.</param>
    /// <param name="read">Items that were read of it before.</param>
    public int ReadItemCount(AvroField field, int read)
    {
        var count = ReadLong();
        if (count < 0)
        {
            // The size in bytes that follows is for those who skip.
            _ = ReadLong();
            count = count == long.MinValue ? throw Overrun() : -count;
        }

        if (count > ManifestLimits.MaxCollectionItems - read)
        {
            throw CatalogException.Validation($"the field '{field.Name}' has more items than the limit of {ManifestLimits.MaxCollectionItems}");
        }

        return count <= Remaining ? (int)count : throw Overrun();
    }

    /// <summary>A map of numbers by field id, which Iceberg stores as a list of pairs. The last of two equal keys wins, as in Java.</summary>
    /// <param name="field">The map.</param>
    /// <param name="wanted">The keys to keep, or null for all.</param>
    public Dictionary<int, long>? OptionalLongMap(AvroField field, IReadOnlySet<int>? wanted)
    {
        if (OptionalPairs(field) is not var (key, value))
        {
            return null;
        }

        var read = 0;
        var count = ReadItemCount(field, read);
        var map = new Dictionary<int, long>(Math.Min(count, wanted?.Count ?? count), IdComparer.Instance);
        for (; count > 0; count = ReadItemCount(field, read))
        {
            read += count;
            for (; count > 0; count--)
            {
                var id = Int(key);
                var number = Long(value);
                if (wanted is null || wanted.Contains(id))
                {
                    map[id] = number;
                }
            }
        }

        return map;
    }

    /// <summary>A map of bytes by field id, copied. The last of two equal keys wins, as in Java.</summary>
    /// <param name="field">The map.</param>
    /// <param name="wanted">The keys to keep, or null for all; the others are not copied.</param>
    public Dictionary<int, ReadOnlyMemory<byte>>? OptionalBytesMap(AvroField field, IReadOnlySet<int>? wanted)
    {
        if (OptionalPairs(field) is not var (key, value))
        {
            return null;
        }

        var read = 0;
        var count = ReadItemCount(field, read);
        var map = new Dictionary<int, ReadOnlyMemory<byte>>(Math.Min(count, wanted?.Count ?? count), IdComparer.Instance);
        for (; count > 0; count = ReadItemCount(field, read))
        {
            read += count;
            for (; count > 0; count--)
            {
                var id = Int(key);
                if (wanted is not null && !wanted.Contains(id))
                {
                    Skip(value.Type);
                }
                else
                {
                    map[id] = OptionalBytes(value) ?? throw IsNull(value);
                }
            }
        }

        return map;
    }

    private (AvroField Key, AvroField Value)? OptionalPairs(AvroField field) => OptionalList(field) switch
    {
        null => null,
        AvroType.Record { Fields: [var key, var value] } => (key, value),
        _ => throw Wrong(field, "a map"),
    };

    private void SkipItems(AvroType items, bool isMap)
    {
        for (var count = ReadLong(); count != 0; count = ReadLong())
        {
            if (count < 0)
            {
                _ = ReadBytes();
                continue;
            }

            if (count > Remaining)
            {
                throw Overrun();
            }

            for (; count > 0; count--)
            {
                if (isMap)
                {
                    _ = ReadBytes();
                }

                Skip(items);
            }
        }
    }
}
