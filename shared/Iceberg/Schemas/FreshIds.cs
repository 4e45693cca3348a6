namespace Frazil.Iceberg;

/// <summary>
/// Gives the fields of a new table's schema ids from 1, level by level: all fields of a struct first, then what is nested in each. What names fields by id is
/// translated with <see cref="Of"/>.
/// </summary>
internal sealed class FreshIds
{
    private readonly Dictionary<int, int> fresh = new(IdComparer.Instance);
    private int last;

    /// <summary>The same schema with new ids.</summary>
    public Schema Assign(Schema schema, int schemaId)
    {
        var renumbered = ((StructType)Renumber(schema.AsStruct)).Fields;
        return new Schema(schemaId, renumbered, [.. schema.IdentifierFieldIds.Select(id => Of(id) ?? throw Missing(id))]);
    }

    /// <summary>The new id of a field, or null when the schema had none of this id.</summary>
    public int? Of(int id) => fresh.TryGetValue(id, out var value) ? value : null;

    private static CatalogException Missing(int id) =>
        CatalogException.Validation($"Cannot add fieldId {id} as an identifier field: field does not exist");

    private int Next(int id) => fresh[id] = ++last;

    private IcebergType Renumber(IcebergType type)
    {
        switch (type)
        {
            case StructType structure:
                var ids = structure.Fields.Select(field => Next(field.Id)).ToArray();
                return structure with { Fields = [.. structure.Fields.Select((field, at) => field with { Id = ids[at], Type = Renumber(field.Type) })] };
            case ListType list:
                return list with { ElementId = Next(list.ElementId), Element = Renumber(list.Element) };
            case MapType map:
                return map with { KeyId = Next(map.KeyId), ValueId = Next(map.ValueId), Key = Renumber(map.Key), Value = Renumber(map.Value) };
            default:
                return type;
        }
    }
}
