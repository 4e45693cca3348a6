namespace Frazil.Iceberg;

/// <summary>What the specification asks of a partition spec and of a sort order, over the schema they are used with.</summary>
internal static class SpecRules
{
    /// <summary>Every field's column is there, its transform fits, and names are unique and clash with no column.</summary>
    /// <exception cref="CatalogException">400 when not.</exception>
    public static void CheckNew(PartitionSpec spec, Schema schema)
    {
        var ids = new HashSet<int>(IdComparer.Instance);
        foreach (var field in spec.Fields)
        {
            RequireKnown(field.Transform);
            RequireOneSource(field.Transform, field.SourceIds);
            if (field.FieldId is { } id && !ids.Add(id))
            {
                throw CatalogException.Validation($"Cannot use partition field id more than once: {id}");
            }
        }

        CheckNames(spec, schema);
        Check(spec, schema);
    }

    /// <summary>Every field's column is there, and its transform fits.</summary>
    /// <exception cref="CatalogException">400 when not.</exception>
    public static void Check(PartitionSpec spec, Schema schema)
    {
        foreach (var field in spec.Fields)
        {
            // A void field stays when its column goes: that is what it is for.
            if (field.Transform.Kind == TransformKind.Void)
            {
                continue;
            }

            var source = schema.Find(field.SourceId) ?? throw CatalogException.Validation($"Cannot find source column for partition field: {field}");
            if (source.Type is not PrimitiveType)
            {
                throw CatalogException.Validation($"Cannot partition by non-primitive source field: {source.Type}");
            }

            RequireFit(field.Transform, source.Type);
            for (var parent = schema.ParentOf(source.Id); parent is not null; parent = schema.ParentOf(parent.Id))
            {
                if (parent.Type is not StructType)
                {
                    throw CatalogException.Validation($"Invalid partition field parent: {parent.Type}");
                }
            }
        }
    }

    /// <summary>As <see cref="Check(SortOrder, Schema)"/>, and every transform is known.</summary>
    /// <exception cref="CatalogException">400 when not.</exception>
    public static void CheckNew(SortOrder order, Schema schema)
    {
        foreach (var field in order.Fields)
        {
            RequireKnown(field.Transform);
            RequireOneSource(field.Transform, field.SourceIds);
        }

        Check(order, schema);
    }

    /// <summary>Every field's column is there, and its transform fits.</summary>
    /// <exception cref="CatalogException">400 when not.</exception>
    public static void Check(SortOrder order, Schema schema)
    {
        foreach (var field in order.Fields)
        {
            var source = schema.Find(field.SourceId) ?? throw CatalogException.Validation($"Cannot find source column for sort field: {field}");
            if (source.Type is not PrimitiveType)
            {
                throw CatalogException.Validation($"Cannot sort by non-primitive source field: {source.Type}");
            }

            RequireFit(field.Transform, source.Type);
        }
    }

    /// <summary>What holds of every spec of a table, of history too: names are unique and clash with no column, and a transform fits its column, if that is still there.</summary>
    /// <exception cref="CatalogException">400 when not.</exception>
    public static void CheckHistory(PartitionSpec spec, Schema schema)
    {
        CheckNames(spec, schema);
        foreach (var field in spec.Fields)
        {
            RequireOneSource(field.Transform, field.SourceIds);
            if (schema.Find(field.SourceId) is { Type: var type }
                && (type is PrimitiveType || field.Transform.Kind is not (TransformKind.Identity or TransformKind.Void or TransformKind.Unknown)))
            {
                RequireFit(field.Transform, type);
            }
        }
    }

    /// <summary>What holds of every order of a table, of history too, whose columns may be gone.</summary>
    /// <exception cref="CatalogException">400 when not.</exception>
    public static void CheckHistory(SortOrder order)
    {
        foreach (var field in order.Fields)
        {
            RequireOneSource(field.Transform, field.SourceIds);
        }
    }

    private static void CheckNames(PartitionSpec spec, Schema schema)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in spec.Fields)
        {
            if (field.Name.Length == 0)
            {
                throw CatalogException.Validation("Cannot use empty or null partition name: ");
            }

            if (!names.Add(field.Name))
            {
                throw CatalogException.Validation($"Cannot use partition name more than once: {field.Name}");
            }

            CheckName(field, schema);
        }
    }

    private static void CheckName(PartitionField field, Schema schema)
    {
        if (schema.Find(field.Name) is not { } column)
        {
            return;
        }

        // An identity may be named as its column, and so may the void that takes the place of one.
        if (field.Transform.Kind is not (TransformKind.Identity or TransformKind.Void))
        {
            throw CatalogException.Validation($"Cannot create partition from name that exists in schema: {field.Name}");
        }

        if (column.Id != field.SourceId)
        {
            throw CatalogException.Validation($"Cannot create identity partition sourced from different field in schema: {field.Name}");
        }
    }

    private static void RequireKnown(Transform transform)
    {
        if (transform.Kind == TransformKind.Unknown)
        {
            throw CatalogException.Validation($"Unsupported transform: {transform}");
        }
    }

    private static void RequireOneSource(Transform transform, IReadOnlyList<int> sourceIds)
    {
        if (sourceIds.Count > 1)
        {
            throw CatalogException.Validation($"Unsupported transform: {transform} of several columns");
        }
    }

    private static void RequireFit(Transform transform, IcebergType type)
    {
        if (!transform.CanTransform(type))
        {
            throw CatalogException.Validation($"Invalid source type {type} for transform: {transform}");
        }
    }
}
