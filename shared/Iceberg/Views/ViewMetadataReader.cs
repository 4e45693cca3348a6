using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>Reads view metadata from a file, which may be anybody's.</summary>
internal static class ViewMetadataReader
{
    public static ViewMetadata Read(ReadOnlyMemory<byte> utf8)
    {
        var text = Json.WithoutByteOrderMark(utf8);
        try
        {
            using var document = Json.Parse(text);
            return Read(document.RootElement, text, isOfOldForm: text.Length < utf8.Length);
        }
        catch (CatalogException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, $"Invalid view metadata: {exception.Message}", exception);
        }
    }

    private static ViewMetadata Read(JsonElement element, ReadOnlyMemory<byte> source, bool isOfOldForm)
    {
        var version = element.RequireObject("view metadata").RequiredInt32("format-version");
        if (version is < 1 or > ViewMetadata.MaxFormatVersion)
        {
            throw CatalogException.BadRequest($"cannot read unsupported version {version} (supported: {ViewMetadata.MaxFormatVersion})");
        }

        var schemas = element.RequiredList("schemas", item =>
        {
            var slice = item.Raw(source);
            var hasNulls = NullMembers.AreIn(slice);
            isOfOldForm |= hasNulls;
            return Schema.ReadStored(hasNulls ? NullMembers.LeftOut(slice) : slice);
        });
        var metadata = new ViewMetadata
        {
            Uuid = element.RequiredString("view-uuid"),
            FormatVersion = version,
            Location = TableLocation.Normalise(element.RequiredString("location")),
            CurrentVersionId = element.RequiredInt32("current-version-id"),
            Versions = element.RequiredList("versions", item => ViewVersion.ReadStored(item.Raw(source))),
            VersionLog = element.RequiredList("version-log", item => ViewVersionLogEntry.ReadStored(item.Raw(source))),
            Schemas = schemas,
            Properties = element.OptionalStringMap("properties") ?? [],
            IsOfOldForm = isOfOldForm || schemas.Exists(schema => !schema.IsAsRead) || (element.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Null),
            Unknown = UnknownMembers.Of(
                element, source, "view-uuid", "format-version", "location", "current-version-id", "versions", "version-log", "schemas", "properties"),
        };
        Check(metadata);
        return metadata;
    }

    private static void Check(ViewMetadata metadata)
    {
        RequireUnique(metadata.Versions, version => version.VersionId, "version");
        RequireUnique(metadata.Schemas, schema => schema.SchemaId, "schema");
        var current = metadata.Version(metadata.CurrentVersionId)
            ?? throw CatalogException.BadRequest($"cannot find current version {metadata.CurrentVersionId} in view versions");
        var schema = metadata.Schema(current.SchemaId)
            ?? throw CatalogException.BadRequest($"cannot find current schema with id {current.SchemaId} in schemas");
        schema.ReadFully();
    }

    private static void RequireUnique<T>(IReadOnlyList<T> items, Func<T, int> id, string what)
    {
        var ids = new HashSet<int>(items.Count, IdComparer.Instance);
        foreach (var item in items)
        {
            if (!ids.Add(id(item)))
            {
                throw CatalogException.BadRequest($"{what} {id(item)} is there twice");
            }
        }
    }
}
