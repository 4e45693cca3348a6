using System.Collections.Frozen;
using System.Text;
using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>
/// Members that are null in items of stored metadata. They count as absent, but not every reader takes them so, and they are left out of what clients are shown.
/// Members that the specification does not know are let be, whatever they hold.
/// </summary>
internal static class NullMembers
{
    private static readonly FrozenSet<string> Known = FrozenSet.Create(
        StringComparer.Ordinal,
        "schema-id", "identifier-field-ids", "doc", "initial-default", "write-default",
        "spec-id", "order-id", "field-id", "source-id", "source-ids",
        "parent-snapshot-id", "sequence-number", "summary", "manifest-list", "manifests", "first-row-id", "added-rows", "key-id",
        "min-snapshots-to-keep", "max-snapshot-age-ms", "max-ref-age-ms",
        "key-metadata", "properties", "encrypted-by-id", "file-size-in-bytes");

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> KnownText = Known.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether an item has such members, at any depth. Of most items a look for the word is enough.</summary>
    public static bool AreIn(ReadOnlyMemory<byte> item) => item.Span.IndexOf("null"u8) >= 0 && Find(item.Span);

    /// <summary>The item without them, as a new document.</summary>
    public static ReadOnlyMemory<byte> LeftOut(ReadOnlyMemory<byte> item)
    {
        using var document = Json.Parse(item);
        return LeftOut(document.RootElement);
    }

    /// <summary>The item without them, as a new document.</summary>
    /// <exception cref="CatalogException">400 for a string that is no text.</exception>
    public static ReadOnlyMemory<byte> LeftOut(JsonElement item)
    {
        try
        {
            return Json.Write(item, static (writer, element) => Write(writer, element));
        }
        catch (InvalidOperationException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, "Cannot parse JSON: a string has an unpaired surrogate", exception);
        }
    }

    private static bool Find(ReadOnlySpan<byte> item)
    {
        var reader = new Utf8JsonReader(item, new JsonReaderOptions { MaxDepth = Json.MaxDepth });
        var isKnown = false;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                isKnown = IsKnown(ref reader);
            }
            else if (reader.TokenType == JsonTokenType.Null && isKnown)
            {
                return true;
            }
            else
            {
                isKnown = false;
            }
        }

        return false;
    }

    private static bool IsKnown(ref Utf8JsonReader reader)
    {
        const int Longest = 32;
        Span<char> name = stackalloc char[Longest];
        return !reader.ValueIsEscaped
            && reader.ValueSpan.Length <= Longest
            && KnownText.Contains(name[..Encoding.UTF8.GetChars(reader.ValueSpan, name)]);
    }

    private static void Write(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in element.EnumerateObject())
                {
                    if (member.Value.ValueKind != JsonValueKind.Null || !Known.Contains(member.SafeName("object")))
                    {
                        writer.WritePropertyName(member.SafeName("object"));
                        Write(writer, member.Value);
                    }
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }
}
