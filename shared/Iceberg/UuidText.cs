namespace Frazil.Iceberg;

/// <summary>Uuids of tables and views, which stay the text they were given as.</summary>
internal static class UuidText
{
    /// <exception cref="CatalogException">400 when the text is no uuid.</exception>
    public static string Require(string text) => Guid.TryParseExact(text, "D", out _) ? text : throw CatalogException.BadRequest($"Cannot parse 'uuid': not a UUID: {text}");

    /// <summary>Whether both are the same uuid; letter case does not matter.</summary>
    public static bool Same(string? one, string? other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
