namespace Frazil.Infra;

/// <summary>
/// Queries over the tables of Application Insights. Our metrics arrive in AppMetrics (a row a minute, with sum, count and largest value). AppRequests has a row of
/// ours for each request that was sampled (ItemCount says for how many it stands), with the operationId as the property <c>route</c>, beside rows of Azure's own host, which have none.
/// </summary>
public static class Kusto
{
    /// <summary>The rows of one metric, with the given values of its tags.</summary>
    public static string Rows(Metric metric, params (string Tag, string Value)[] tags) =>
        $"AppMetrics | where Name == \"{metric.Name}\"" + string.Concat(tags.Select(tag => $" and tostring(Properties.{tag.Tag}) == \"{tag.Value}\""));

    /// <summary>The requests, of some operations or of all.</summary>
    public static string Requests(params string[] operations) => operations.Length == 0
        ? "AppRequests | where isnotempty(tostring(Properties.route))"
        : $"AppRequests | where tostring(Properties.route) in ({string.Join(", ", operations.Select(operation => $"\"{operation}\""))})";

    public static string Sum(Metric metric, params (string Tag, string Value)[] tags) => Rows(metric, tags) + " | summarize Value = sum(Sum)";

    public static string Largest(Metric metric, params (string Tag, string Value)[] tags) => Rows(metric, tags) + " | summarize Value = max(Max)";

    /// <summary>A row of <paramref name="query"/> where its Value is larger than the bound: an alert counts rows.</summary>
    public static string Above(this string query, double bound) => FormattableString.Invariant($"{query} | where Value > {bound}");
}
