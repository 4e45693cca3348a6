using System.Text;
using System.Text.Json;

namespace Frazil.Api.Tests;

/// <summary>Speaks to one catalog by its prefix.</summary>
public sealed class CatalogClient(Server server, string name) : ApiClient(server, $"/v1/{name}")
{
    public string Name { get; } = name;

    /// <summary>Where the catalog's tables are.</summary>
    public string Base => Server.World.Profile(Name).BaseLocation;

    /// <summary>The same catalog through another process.</summary>
    public CatalogClient Through(Server other) => new(other, Name);

    public Task<Reply> CreateNamespaceAsync(params string[] levels) => PostAsync("/namespaces", $$"""{"namespace":{{JsonSerializer.Serialize(levels)}}}""");

    public Task<Reply> CreateTableAsync(string @namespace, string table, string more = "", params (string, string)[] headers) =>
        PostAsync($"/namespaces/{@namespace}/tables", $$"""{"name":{{JsonSerializer.Serialize(table)}},"schema":{{Sample.Schema}}{{more}}}""", headers);

    public Task<Reply> LoadTableAsync(string @namespace, string table, string query = "", params (string, string)[] headers) =>
        GetAsync($"/namespaces/{@namespace}/tables/{table}{query}", headers);

    /// <summary>A commit; requirements and updates are JSON, without the brackets around them.</summary>
    public Task<Reply> CommitAsync(string @namespace, string table, string requirements, string updates, params (string, string)[] headers) =>
        PostAsync($"/namespaces/{@namespace}/tables/{table}", $$"""{"requirements":[{{requirements}}],"updates":[{{updates}}]}""", headers);

    public Task<Reply> CreateViewAsync(string @namespace, string view, string more = "", params (string, string)[] headers) =>
        PostAsync($"/namespaces/{@namespace}/views", Sample.View(view, more), headers);

    public Task<Reply> ReplaceViewAsync(string @namespace, string view, string requirements, string updates, params (string, string)[] headers) =>
        PostAsync($"/namespaces/{@namespace}/views/{view}", $$"""{"requirements":[{{requirements}}],"updates":[{{updates}}]}""", headers);

    public Task<Reply> RenameAsync(string kind, (string Namespace, string Name) from, (string Namespace, string Name) to, params (string, string)[] headers) =>
        PostAsync($"/{kind}/rename", $$"""{"source":{{Sample.Identifier(from)}},"destination":{{Sample.Identifier(to)}}}""", headers);

    /// <summary>The names of the tables or views of a namespace.</summary>
    public async Task<IReadOnlyList<string>> NamesAsync(string @namespace, string kind = "tables") =>
        [.. (await GetAsync($"/namespaces/{@namespace}/{kind}")).Ok().Json.GetProperty("identifiers").EnumerateArray().Select(item => item.GetProperty("name").GetString()!)];

    /// <summary>A file of the catalog, or null.</summary>
    public async Task<string?> ReadFileAsync(string location) =>
        await Server.World.Files.ReadAsync(location, CancellationToken.None) is { } content ? Encoding.UTF8.GetString(content.Span) : null;

    public async Task<bool> FileExistsAsync(string location) => await Server.World.Files.ReadAsync(location, CancellationToken.None) is not null;

    public async Task WriteFileAsync(string location, string content) =>
        Assert.True(await Server.World.Files.CreateAsync(location, Encoding.UTF8.GetBytes(content), CancellationToken.None));
}
