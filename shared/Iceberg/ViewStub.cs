// Placeholder so that the catalog compiles: delete this file when the real view types land.
using System.Text.Json;
#pragma warning disable CS1591, CA1822
namespace Frazil.Iceberg;
public sealed record ViewVersion { public static ViewVersion Read(JsonElement e, ReadOnlyMemory<byte> s) => new(); }
public abstract record ViewUpdate { public static ViewUpdate Read(JsonElement e, ReadOnlyMemory<byte> s) => throw CatalogException.BadRequest("views"); public IEnumerable<(string What, string Location)> Locations() => []; }
public abstract record ViewRequirement { public static ViewRequirement Read(JsonElement e) => throw CatalogException.BadRequest("views"); public void Check(ViewMetadata? m) { } }
public sealed record ViewChange(ViewMetadata Metadata, bool HasChanges);
public sealed class ViewMetadataBuilder { public static ViewMetadataBuilder From(ViewMetadata m) => new(); public ViewMetadataBuilder Apply(IEnumerable<ViewUpdate> u) => this; public ViewChange Build(DateTimeOffset now) => throw CatalogException.BadRequest("views"); }
public sealed record ViewMetadata { public string Uuid => ""; public string Location => ""; public IReadOnlyDictionary<string, string> Properties => new Dictionary<string, string>(); public static ViewMetadata Parse(ReadOnlyMemory<byte> j) => throw CatalogException.BadRequest("views"); public byte[] ToJson() => []; public IEnumerable<(string What, string Location)> Locations() => [];
 public static ViewMetadata Create(Schema s, ViewVersion v, string l, IReadOnlyDictionary<string, string> p, Guid u) => throw CatalogException.BadRequest("views"); }
