using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace Frazil.Iceberg;

/// <summary>
/// Reads members of JSON objects. Every mistake is a <see cref="CatalogException"/> of kind <see cref="ErrorKind.BadRequest"/> that names the member,
/// so that a client is told what is wrong and nothing becomes a server error. JSON <c>null</c> counts as absent, as in the Java reference.
/// </summary>
public static class Json
{
    /// <summary>How deep objects and arrays may nest. The deepest legitimate documents are nested types, about three levels per level of a type.</summary>
    public const int MaxDepth = 256;

    /// <summary>
    /// How deep what a client sends may nest. Less than what is stored may: metadata holds a part of a request somewhat deeper than the request did, and must be read again by
    /// whatever comes after.
    /// </summary>
    public const int MaxRequestDepth = MaxDepth - 16;

    private static readonly JsonDocumentOptions RequestOptions = new() { AllowDuplicateProperties = false, MaxDepth = MaxRequestDepth };

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    /// <summary>
    /// Parses a document: UTF-8 (a byte order mark is skipped), no duplicate members, at most <see cref="MaxDepth"/> deep.
    /// The document refers to <paramref name="utf8"/> while it lives, and must be disposed.
    /// </summary>
    /// <exception cref="CatalogException">400 when it is not such a document.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8) => Parse(utf8, Options);

    /// <summary>Parses what a client sent, which may be at most <see cref="MaxRequestDepth"/> deep; else as <see cref="Parse(ReadOnlyMemory{byte})"/>.</summary>
    /// <exception cref="CatalogException">400 when it is not such a document.</exception>
    public static JsonDocument ParseRequest(ReadOnlyMemory<byte> utf8) => Parse(utf8, RequestOptions);

    private static JsonDocument Parse(ReadOnlyMemory<byte> utf8, JsonDocumentOptions options)
    {
        utf8 = WithoutByteOrderMark(utf8);
        RequireUtf8(utf8.Span);
        try
        {
            return JsonDocument.Parse(utf8, options);
        }
        catch (JsonException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, $"Malformed JSON: {exception.Message}", exception);
        }
        catch (InvalidOperationException exception)
        {
            // How the search for duplicate members answers a name that is no text.
            throw new CatalogException(ErrorKind.BadRequest, "Malformed JSON: a member's name has an unpaired surrogate", exception);
        }
    }

    internal static ReadOnlyMemory<byte> WithoutByteOrderMark(ReadOnlyMemory<byte> utf8) => utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;

    /// <summary>Checked once for a whole document, so that slices of it can be kept and written back as they are.</summary>
    internal static void RequireUtf8(ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text))
        {
            throw CatalogException.BadRequest("Malformed JSON: not valid UTF-8");
        }
    }

    /// <summary>The document as an object.</summary>
    /// <exception cref="CatalogException">400 when it is something else.</exception>
    public static JsonElement RequireObject(this JsonElement element, string what) =>
        element.ValueKind == JsonValueKind.Object ? element : throw Wrong(what, "an object", element);

    /// <summary>The member, when it is there and not null.</summary>
    public static bool TryMember(this JsonElement element, string name, out JsonElement member) =>
        element.TryGetProperty(name, out member) && member.ValueKind != JsonValueKind.Null;

    /// <summary>The member.</summary>
    /// <exception cref="CatalogException">400 when it is absent or null.</exception>
    public static JsonElement RequiredMember(this JsonElement element, string name) =>
        element.TryMember(name, out var member) ? member : throw Missing(name);

    /// <summary>A string member, or null when absent.</summary>
    public static string? OptionalString(this JsonElement element, string name) => element.TryMember(name, out var member) ? member.AsString(name) : null;

    /// <summary>A string member.</summary>
    public static string RequiredString(this JsonElement element, string name) => element.RequiredMember(name).AsString(name);

    /// <summary>A 32-bit integer member, or null when absent.</summary>
    public static int? OptionalInt32(this JsonElement element, string name) => element.TryMember(name, out var member) ? member.AsInt32(name) : null;

    /// <summary>A 32-bit integer member.</summary>
    public static int RequiredInt32(this JsonElement element, string name) => element.RequiredMember(name).AsInt32(name);

    /// <summary>A 64-bit integer member, exact, or null when absent.</summary>
    public static long? OptionalInt64(this JsonElement element, string name) => element.TryMember(name, out var member) ? member.AsInt64(name) : null;

    /// <summary>A 64-bit integer member, exact.</summary>
    public static long RequiredInt64(this JsonElement element, string name) => element.RequiredMember(name).AsInt64(name);

    /// <summary>A boolean member, or null when absent.</summary>
    public static bool? OptionalBoolean(this JsonElement element, string name) => element.TryMember(name, out var member) ? member.AsBoolean(name) : null;

    /// <summary>A boolean member.</summary>
    public static bool RequiredBoolean(this JsonElement element, string name) => element.RequiredMember(name).AsBoolean(name);

    /// <summary>An object member, or null when absent.</summary>
    public static JsonElement? OptionalObject(this JsonElement element, string name) =>
        !element.TryMember(name, out var member) ? null : member.ValueKind == JsonValueKind.Object ? member : throw Wrong(name, "an object", member);

    /// <summary>An object member.</summary>
    public static JsonElement RequiredObject(this JsonElement element, string name) => element.OptionalObject(name) ?? throw Missing(name);

    /// <summary>The items of an array member, each read by <paramref name="read"/>; null when absent.</summary>
    public static List<T>? OptionalList<T>(this JsonElement element, string name, Func<JsonElement, T> read)
    {
        if (!element.TryMember(name, out var member))
        {
            return null;
        }

        if (member.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(name, "an array", member);
        }

        var list = new List<T>(member.GetArrayLength());
        foreach (var item in member.EnumerateArray())
        {
            list.Add(read(item));
        }

        return list;
    }

    /// <summary>The items of an array member, each read by <paramref name="read"/>.</summary>
    public static List<T> RequiredList<T>(this JsonElement element, string name, Func<JsonElement, T> read) =>
        element.OptionalList(name, read) ?? throw Missing(name);

    /// <summary>An array of strings, or null when absent.</summary>
    public static List<string>? OptionalStrings(this JsonElement element, string name) => element.OptionalList(name, item => item.AsString(name));

    /// <summary>An array of 32-bit integers, or null when absent.</summary>
    public static List<int>? OptionalInt32s(this JsonElement element, string name) => element.OptionalList(name, item => item.AsInt32(name));

    /// <summary>An array of 64-bit integers, or null when absent.</summary>
    public static List<long>? OptionalInt64s(this JsonElement element, string name) => element.OptionalList(name, item => item.AsInt64(name));

    /// <summary>A map of strings in the order of the document, or null when absent. A null or non-string value is refused.</summary>
    public static Dictionary<string, string>? OptionalStringMap(this JsonElement element, string name) => element.OptionalObject(name)?.AsStringMap(name);

    /// <summary>This element, an object, as a map of strings in the order of the document. A null or non-string value is refused.</summary>
    public static Dictionary<string, string> AsStringMap(this JsonElement element, string name)
    {
        var result = new Dictionary<string, string>(element.RequireObject(name).GetPropertyCount(), StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject())
        {
            var key = member.SafeName(name);
            result[key] = member.Value.ValueKind == JsonValueKind.String ? member.Value.AsString(key) : throw Wrong($"{name}.{key}", "a string", member.Value);
        }

        return result;
    }

    /// <summary>This element as a string; <paramref name="name"/> says in an error what it is.</summary>
    public static string AsString(this JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.String)
        {
            throw Wrong(name, "a string", element);
        }

        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, $"Cannot parse '{name}': not valid UTF-8 or an unpaired surrogate", exception);
        }
    }

    /// <summary>The name of this member; <paramref name="of"/> says in an error what it is a member of.</summary>
    public static string SafeName(this JsonProperty member, string of)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, $"Cannot parse '{of}': a member's name has an unpaired surrogate", exception);
        }
    }

    /// <summary>This element as a 32-bit integer.</summary>
    public static int AsInt32(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var value) ? value : throw Wrong(name, "a 32-bit integer", element);

    /// <summary>This element as a 64-bit integer, never by way of a floating-point number.</summary>
    public static long AsInt64(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var value) ? value : throw Wrong(name, "a 64-bit integer", element);

    /// <summary>This element as a boolean.</summary>
    public static bool AsBoolean(this JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name, "a boolean", element),
    };

    /// <summary>
    /// The bytes of this element in the document. A slice of <paramref name="source"/> without a copy when the document was parsed from it, else a copy.
    /// The slice keeps the source alive, and stays valid after the document is disposed.
    /// </summary>
    public static ReadOnlyMemory<byte> Raw(this JsonElement element, ReadOnlyMemory<byte> source)
    {
        var raw = JsonMarshal.GetRawUtf8Value(element);
        if (!source.IsEmpty && source.Span.Overlaps(raw, out var offset) && offset >= 0)
        {
            return source.Slice(offset, raw.Length);
        }

        return raw.ToArray();
    }

    /// <summary>Writes a document to a new array of exactly its size. Besides that array it allocates next to nothing: it writes to pooled chunks first.</summary>
    public static byte[] Write<TState>(TState state, Action<Utf8JsonWriter, TState> write)
    {
        using var chunks = new PooledChunks();
        using (var writer = new Utf8JsonWriter(chunks, WriterOptions))
        {
            write(writer, state);
        }

        return chunks.ToArray();
    }

    /// <summary>How the catalog writes JSON: compact, escaping no more than JSON asks for, unchecked since only our own code calls the writer.</summary>
    public static JsonWriterOptions WriterOptions { get; } = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
        MaxDepth = MaxDepth + 16,
    };

    /// <summary>Writes a string member unless the value is null.</summary>
    public static void WriteOptional(this Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    /// <summary>Writes a number member unless the value is null.</summary>
    public static void WriteOptional(this Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    /// <summary>Writes a map of strings in its order.</summary>
    public static void WriteStringMap(this Utf8JsonWriter writer, string name, IEnumerable<KeyValuePair<string, string>> map)
    {
        writer.WriteStartObject(name);
        foreach (var (key, value) in map)
        {
            writer.WriteString(key, value);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes an array of strings.</summary>
    public static void WriteStrings(this Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }

    /// <summary>400: a required member is not there.</summary>
    public static CatalogException Missing(string name) => CatalogException.BadRequest($"Cannot parse missing field: {name}");

    private static CatalogException Wrong(string name, string expected, JsonElement actual) =>
        CatalogException.BadRequest($"Cannot parse '{name}': expected {expected}, got {Describe(actual)}");

    private static string Describe(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number out of range or of another kind",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };
}
