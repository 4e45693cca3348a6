namespace Frazil.Iceberg;

/// <content>Schemas, partition specs and sort orders. Their ids are the builder's choice.</content>
public sealed partial class TableMetadataBuilder
{
    private const int FirstSchemaId = 0;
    private const int FirstSpecId = 0;
    private const int FirstSortedOrderId = 1;

    internal static readonly Sameness<Schema> SameSchema = new(static (one, other) => one.SameStructAs(other), static schema => schema.StructHash());

    internal static readonly Sameness<PartitionSpec> SameSpec = new(static (one, other) => one.IsCompatibleWith(other), static spec => spec.CompatibilityHash());

    internal static readonly Sameness<SortOrder> SameOrder = new(static (one, other) => one.Fields.SequenceEqual(other.Fields), static order => order.FieldsHash());

    private IdentifiedItems<Schema>? schemas;
    private IdentifiedItems<PartitionSpec>? specs;
    private IdentifiedItems<SortOrder>? orders;
    private Dictionary<(int SourceId, string Transform), int>? partitionFieldIds;
    private int lastColumnId;
    private int currentSchemaId = FirstSchemaId;
    private int defaultSpecId = FirstSpecId;
    private int lastPartitionId = PartitionSpec.FirstFieldId - 1;
    private int defaultSortOrderId = SortOrder.Unsorted.OrderId;

    private IdentifiedItems<Schema> Schemas => schemas ??= new(current?.Schemas ?? [], schema => schema.SchemaId, SameSchema);

    private IdentifiedItems<PartitionSpec> Specs => specs ??= new(current?.PartitionSpecs ?? [], spec => spec.SpecId, SameSpec);

    private IdentifiedItems<SortOrder> Orders => orders ??= new(current?.SortOrders ?? [], order => order.OrderId, SameOrder);

    private Schema CurrentSchemaFor(string what) =>
        Schemas.Find(currentSchemaId) ?? throw CatalogException.Validation($"Attempting to add a {what} before a schema is added");

    private void AddSchema(Schema schema)
    {
        SchemaRules.Check(schema, formatVersion);
        if (schema.HighestFieldId > lastColumnId)
        {
            lastColumnId = schema.HighestFieldId;
            hasChanges = true;
        }

        if (Schemas.Reuse(schema) is null)
        {
            Schemas.Add(schema.WithId(Schemas.NextId(FirstSchemaId)));
            hasChanges = true;
        }
    }

    private void SetCurrentSchema(int id)
    {
        var wanted = id == TableUpdate.LastAdded
            ? Schemas.LastAdded ?? throw CatalogException.Validation("Cannot set last added schema: no schema has been added")
            : id;
        if (Schemas.Find(wanted) is null)
        {
            throw CatalogException.Validation($"Cannot set current schema to unknown schema: {wanted}");
        }

        hasChanges |= wanted != currentSchemaId;
        currentSchemaId = wanted;
    }

    private void RemoveSchemas(IReadOnlyList<int> ids)
    {
        foreach (var id in ids)
        {
            if (id == currentSchemaId)
            {
                throw CatalogException.Validation("Cannot remove the current schema");
            }

            hasChanges |= Schemas.Remove(id);
        }
    }

    private void AddSpec(PartitionSpec spec)
    {
        var schema = CurrentSchemaFor("partition spec");
        if (Specs.Reuse(spec) is not null)
        {
            return;
        }

        SpecRules.CheckNew(spec, schema);
        var numbered = spec.Rewritten(Specs.NextId(FirstSpecId), WithFieldIds(spec.Fields));
        if (formatVersion == 1 && !numbered.Fields.Index().All(field => field.Item.FieldId == PartitionSpec.FirstFieldId + field.Index))
        {
            throw CatalogException.Validation($"Spec does not use sequential IDs that are required in v1: [{string.Join(", ", spec.Fields)}]");
        }

        Specs.Add(numbered);
        hasChanges = true;
    }

    /// <summary>Fields without ids get the id of an equal field of an earlier spec, so that files of both can be read together; else the next one.</summary>
    private List<PartitionField> WithFieldIds(IReadOnlyList<PartitionField> fields)
    {
        if (partitionFieldIds is null)
        {
            partitionFieldIds = [];
            foreach (var field in Specs.ToList().SelectMany(spec => spec.Fields))
            {
                RememberFieldId(field);
            }
        }

        var taken = fields.Where(field => field.FieldId is not null).Select(field => field.FieldId!.Value).ToHashSet(IdComparer.Instance);
        var last = taken.Count == 0 ? lastPartitionId : Math.Max(lastPartitionId, taken.Max());
        var numbered = new List<PartitionField>(fields.Count);
        foreach (var field in fields)
        {
            var id = field.FieldId ?? ChooseFieldId(field, numbered.Count, taken, ref last);
            numbered.Add(field with { FieldId = id });
        }

        numbered.ForEach(RememberFieldId);
        return numbered;
    }

    private int ChooseFieldId(PartitionField field, int position, HashSet<int> taken, ref int last)
    {
        if (formatVersion == 1)
        {
            return PartitionSpec.FirstFieldId + position;
        }

        if (partitionFieldIds!.TryGetValue((field.SourceId, field.Transform.Text), out var known) && taken.Add(known))
        {
            return known;
        }

        last = Ids.Next(last);
        return last;
    }

    private void RememberFieldId(PartitionField field)
    {
        var key = (field.SourceId, field.Transform.Text);
        partitionFieldIds![key] = Math.Max(field.FieldId!.Value, partitionFieldIds.GetValueOrDefault(key));
        lastPartitionId = Math.Max(lastPartitionId, field.FieldId.Value);   // not every writer kept count
    }

    private void SetDefaultSpec(int id)
    {
        var wanted = id == TableUpdate.LastAdded
            ? Specs.LastAdded ?? throw CatalogException.Validation("Cannot set last added spec: no spec has been added")
            : id;
        if (Specs.Find(wanted) is null)
        {
            throw CatalogException.Validation($"Cannot set default partition spec to unknown spec: {wanted}");
        }

        hasChanges |= wanted != defaultSpecId;
        defaultSpecId = wanted;
    }

    private void RemovePartitionSpecs(IReadOnlyList<int> ids)
    {
        foreach (var id in ids)
        {
            if (id == defaultSpecId)
            {
                throw CatalogException.Validation("Cannot remove the default partition spec");
            }

            hasChanges |= Specs.Remove(id);
        }
    }

    private void AddSortOrder(SortOrder order)
    {
        var schema = CurrentSchemaFor("sort order");
        if (!order.IsUnsorted && order.OrderId == SortOrder.Unsorted.OrderId)
        {
            throw CatalogException.Validation("Sort order ID 0 is reserved for unsorted order");
        }

        if (Orders.Reuse(order) is not null)
        {
            return;
        }

        SpecRules.CheckNew(order, schema);
        Orders.Add(order.IsUnsorted ? SortOrder.Unsorted : order.Rewritten(Math.Max(Orders.NextId(FirstSortedOrderId), FirstSortedOrderId), order.Fields));
        hasChanges = true;
    }

    private void SetDefaultSortOrder(int id)
    {
        var wanted = id == TableUpdate.LastAdded
            ? Orders.LastAdded ?? throw CatalogException.Validation("Cannot set last added sort order: no sort order has been added")
            : id;
        if (Orders.Find(wanted) is null)
        {
            throw CatalogException.Validation($"Cannot set default sort order to unknown sort order: {wanted}");
        }

        hasChanges |= wanted != defaultSortOrderId;
        defaultSortOrderId = wanted;
    }
}
