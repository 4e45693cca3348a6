using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>
/// Walks a JSON document forward, without building a tree of it, and cuts slices out of it. For metadata, most of which nobody looks at. Malformed JSON throws
/// <see cref="JsonException"/>, which the one who makes a cursor turns into a <see cref="CatalogException"/>; wrong values throw the latter at once.
/// </summary>
internal ref struct JsonCursor
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = Json.MaxDepth };

    private readonly ReadOnlyMemory<byte> source;
    private Utf8JsonReader reader;

    public JsonCursor(ReadOnlyMemory<byte> source)
    {
        this.source = source;
        reader = new Utf8JsonReader(source.Span, Options);
    }

    /// <summary>Where the current token starts.</summary>
    public readonly int Start => (int)reader.TokenStartIndex;

    /// <summary>From a position to the end of the current token.</summary>
    public readonly ReadOnlyMemory<byte> SliceFrom(int start) => source[start..(int)reader.BytesConsumed];

    /// <summary>Steps into the document, which must be an object.</summary>
    public void EnterDocument(string what)
    {
        reader.Read();
        Require(JsonTokenType.StartObject, what, "an object");
    }

    /// <summary>Nothing but space may follow.</summary>
    public void LeaveDocument() => reader.Read();

    /// <summary>Moves to the next member's name; false at the object's end.</summary>
    public bool NextMember()
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.PropertyName;
    }

    /// <summary>Whether the current name is this one.</summary>
    public readonly bool Is(ReadOnlySpan<byte> name) => reader.ValueTextEquals(name);

    /// <summary>The current name.</summary>
    public readonly string Name() => Text("a member's name");

    /// <summary>Whether the current value is null.</summary>
    public readonly bool IsNull => reader.TokenType == JsonTokenType.Null;

    /// <summary>Moves to the member's value; false when it is null.</summary>
    public bool EnterValue()
    {
        reader.Read();
        return reader.TokenType != JsonTokenType.Null;
    }

    /// <summary>Moves past the member's value.</summary>
    public void SkipValue()
    {
        reader.Read();
        reader.Skip();
    }

    /// <summary>Moves past the member's value and cuts it out.</summary>
    public ReadOnlyMemory<byte> SliceValue()
    {
        reader.Read();
        return SliceCurrent();
    }

    /// <summary>Moves to the end of the current value and cuts it out.</summary>
    public ReadOnlyMemory<byte> SliceCurrent()
    {
        var start = Start;
        reader.Skip();
        return SliceFrom(start);
    }

    /// <summary>Steps into the member's value, an array; false when it is null.</summary>
    public bool EnterArray(string name)
    {
        if (!EnterValue())
        {
            return false;
        }

        Require(JsonTokenType.StartArray, name, "an array");
        return true;
    }

    /// <summary>Moves to the next item; false at the array's end.</summary>
    public bool NextItem()
    {
        reader.Read();
        return reader.TokenType != JsonTokenType.EndArray;
    }

    /// <summary>The current value must be an object.</summary>
    public readonly void RequireObject(string name) => Require(JsonTokenType.StartObject, name, "an object");

    /// <summary>The current value as a string.</summary>
    public readonly string String(string name)
    {
        Require(JsonTokenType.String, name, "a string");
        return Text(name);
    }

    /// <summary>The member's value, a string, or null.</summary>
    public string? OptionalString(string name) => EnterValue() ? String(name) : null;

    /// <summary>Checks that the member's value is a string or null, without making a string of it unless it holds escapes; false when it is null.</summary>
    public bool RequireStringOrNull(string name)
    {
        if (!EnterValue())
        {
            return false;
        }

        Require(JsonTokenType.String, name, "a string");
        if (reader.ValueIsEscaped)
        {
            _ = Text(name);
        }

        return true;
    }

    /// <summary>The member's value, a 64-bit integer, or null.</summary>
    public long? OptionalInt64(string name) =>
        !EnterValue() ? null : reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) ? value : throw Wrong(name, "a 64-bit integer");

    /// <summary>The member's value, a 32-bit integer, or null.</summary>
    public int? OptionalInt32(string name) =>
        !EnterValue() ? null : reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var value) ? value : throw Wrong(name, "a 32-bit integer");

    private readonly void Require(JsonTokenType token, string name, string expected)
    {
        if (reader.TokenType != token)
        {
            throw Wrong(name, expected);
        }
    }

    private readonly string Text(string name)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, $"Cannot parse '{name}': an unpaired surrogate", exception);
        }
    }

    private readonly CatalogException Wrong(string name, string expected) =>
        CatalogException.BadRequest($"Cannot parse '{name}': expected {expected}, got {Describe(reader.TokenType)}");

    private static string Describe(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number out of range or of another kind",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        _ => "null",
    };
}
