namespace Frazil.Iceberg.Manifests;

/// <summary>
/// A type of an Avro schema, with what Iceberg adds to it. Types are trees of bounded depth: <see cref="AvroSchema"/> refuses a schema that refers to itself.
/// </summary>
/// <param name="Depth">Levels of types from here down, 1 for a type without parts.</param>
/// <param name="IsEmpty">
/// Whether its values take no bytes at all. Such values are never visited, so that the bytes of a file bound the work it can cause.
/// </param>
internal abstract record AvroType(int Depth, bool IsEmpty)
{
    public sealed record Null() : AvroType(1, true);

    public sealed record Boolean() : AvroType(1, false);

    public sealed record Int(LogicalType? Logical) : AvroType(1, false);

    public sealed record Long(LogicalType? Logical) : AvroType(1, false);

    public sealed record Float() : AvroType(1, false);

    public sealed record Double() : AvroType(1, false);

    public sealed record Bytes(LogicalType? Logical) : AvroType(1, false);

    public sealed record String(LogicalType? Logical) : AvroType(1, false);

    public sealed record Fixed(int Size, LogicalType? Logical) : AvroType(1, Size == 0);

    public sealed record Enum() : AvroType(1, false);

    public sealed record Array(AvroType Items) : AvroType(Items.Depth + 1, false);

    public sealed record Map(AvroType Values) : AvroType(Values.Depth + 1, false);

    public sealed record Union(AvroType[] Branches) : AvroType(Branches.Max(branch => branch.Depth) + 1, false);

    public sealed record Record(string Name, AvroField[] Fields)
        : AvroType(Fields.Length == 0 ? 1 : Fields.Max(field => field.Type.Depth) + 1, Fields.All(field => field.Type.IsEmpty));

    /// <summary>What a value means, beside how it is stored (<c>logicalType</c>, and Iceberg's <c>adjust-to-utc</c>).</summary>
    public sealed record LogicalType(string Name, int Precision, int Scale, bool AdjustToUtc);
}

/// <summary>A field of a record. Iceberg finds fields by id, whatever they are called.</summary>
/// <param name="Name">Its name, for messages.</param>
/// <param name="FieldId">Iceberg's id, or <see cref="NoFieldId"/>.</param>
/// <param name="Type">Its type.</param>
internal sealed record AvroField(string Name, int FieldId, AvroType Type)
{
    public const int NoFieldId = -1;
}
