using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>
/// The <c>referenced-by</c> parameter: the chain of views through which a table or view is read, outermost first. Parted by commas; a comma in a name is <c>%2C</c>;
/// the last separator parts the view's name from its namespace.
/// </summary>
internal static class ReferencedBy
{
    /// <summary>Reads the chain, so that a malformed or endless one is refused.</summary>
    /// <exception cref="CatalogException">400.</exception>
    public static IReadOnlyList<TableIdentifier> Read(ApiRequest request)
    {
        var text = request.Target.RawQuery("referenced-by");
        if (string.IsNullOrEmpty(text))
        {
            return [];
        }

        var items = text.Split(',');
        if (items.Length > Limits.MaxReferencedBy)
        {
            throw CatalogException.BadRequest($"Invalid referenced-by: it must not name more than {Limits.MaxReferencedBy} views");
        }

        return [.. items.Select(item =>
        {
            var path = RequestTarget.DecodeNamespace(item, request.Operations.Options.NamespaceSeparator);
            return path.Parent is { } @namespace
                ? new TableIdentifier(@namespace, path.Name)
                : throw CatalogException.BadRequest("Invalid referenced-by: each view must have a namespace and a name");
        })];
    }
}
