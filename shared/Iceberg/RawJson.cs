using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>
/// A JSON value that is kept as it was written, such as a column's default. Two are equal when they mean the same, whatever their spacing, the order of members and
/// the escapes in strings. Numbers are equal when they are written alike: 1 and 1.0 are different defaults to some readers.
/// </summary>
/// <param name="Utf8">The text; empty when there is no value.</param>
public readonly record struct RawJson(ReadOnlyMemory<byte> Utf8)
{
    /// <summary>Whether there is no value.</summary>
    public bool IsEmpty => Utf8.IsEmpty;

    /// <inheritdoc />
    public bool Equals(RawJson other) =>
        Utf8.Span.SequenceEqual(other.Utf8.Span) || (!IsEmpty && !other.IsEmpty && Canonical().AsSpan().SequenceEqual(other.Canonical()));

    /// <inheritdoc />
    public override int GetHashCode()
    {
        if (IsEmpty)
        {
            return 0;
        }

        var hash = new HashCode();
        hash.AddBytes(Canonical());
        return hash.ToHashCode();
    }

    /// <summary>The text.</summary>
    public override string ToString() => System.Text.Encoding.UTF8.GetString(Utf8.Span);

    /// <summary>Writes the value as it was.</summary>
    internal void WriteTo(Utf8JsonWriter writer) => writer.WriteRawValue(Utf8.Span, skipInputValidation: true);

    /// <summary>The one spelling that stands for all of the same meaning.</summary>
    private byte[] Canonical()
    {
        using var document = Json.Parse(Utf8);
        return Json.Write(document.RootElement, static (writer, element) => WriteCanonical(writer, element));
    }

    private static void WriteCanonical(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var (name, value) in element.EnumerateObject().Select(member => (Name: member.SafeName("object"), member.Value)).OrderBy(member => member.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(name);
                    WriteCanonical(writer, value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    WriteCanonical(writer, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String when IsText(element, out var text):
                writer.WriteStringValue(text);
                break;
            default:
                writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(element), skipInputValidation: true);
                break;
        }
    }

    /// <summary>False for a string with an unpaired surrogate, which is no text but may be kept.</summary>
    private static bool IsText(JsonElement element, [NotNullWhen(true)] out string? text)
    {
        try
        {
            text = element.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            text = null;
            return false;
        }
    }
}

/// <summary>The members of an object that this version of the specification does not know. They are kept, in order, and written after the known ones.</summary>
internal readonly record struct UnknownMembers
{
    private readonly (string Name, RawJson Value)[]? members;

    private UnknownMembers((string Name, RawJson Value)[] members) => this.members = members;

    /// <summary>The members of <paramref name="element"/> that are not among <paramref name="known"/>.</summary>
    public static UnknownMembers Of(JsonElement element, ReadOnlyMemory<byte> source, params ReadOnlySpan<string> known)
    {
        List<(string, RawJson)>? found = null;
        foreach (var member in element.EnumerateObject())
        {
            if (!IsKnown(member, known))
            {
                (found ??= []).Add((member.SafeName("object"), new RawJson(member.Value.Raw(source))));
            }
        }

        return found is null ? default : new UnknownMembers([.. found]);
    }

    public static UnknownMembers Of(IReadOnlyList<(string Name, RawJson Value)> members) => members.Count == 0 ? default : new UnknownMembers([.. members]);

    public bool Equals(UnknownMembers other) => (members ?? []).AsSpan().SequenceEqual(other.members ?? []);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var (name, value) in members ?? [])
        {
            hash.Add(name);
            hash.Add(value);
        }

        return hash.ToHashCode();
    }

    public void WriteTo(Utf8JsonWriter writer)
    {
        foreach (var (name, value) in members ?? [])
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }
    }

    private static bool IsKnown(JsonProperty member, ReadOnlySpan<string> known)
    {
        foreach (var name in known)
        {
            if (member.NameEquals(name))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>
/// Where an item was read from: the slice of the document that says it. The item is written back from the slice, so what does not change is kept to the byte.
/// Where a thing was read from is no part of its value: any two slices are equal.
/// </summary>
internal readonly record struct SourceSlice(ReadOnlyMemory<byte> Utf8)
{
    public bool Equals(SourceSlice other) => true;

    public override int GetHashCode() => 0;

    /// <summary>Writes the slice, when there is one.</summary>
    public bool TryWriteTo(Utf8JsonWriter writer)
    {
        if (Utf8.IsEmpty)
        {
            return false;
        }

        writer.WriteRawValue(Utf8.Span, skipInputValidation: true);
        return true;
    }

    /// <summary>
    /// An object as a new document of its own: compact, without the members that are null, and without those that <paramref name="drop"/> names.
    /// What clients send is kept in this form.
    /// </summary>
    public static SourceSlice Normalised(JsonElement element, Func<JsonProperty, bool>? drop = null)
    {
        try
        {
            return new SourceSlice(Json.Write((element, drop), static (writer, state) =>
            {
                writer.WriteStartObject();
                foreach (var member in state.element.EnumerateObject())
                {
                    if (member.Value.ValueKind != JsonValueKind.Null && state.drop?.Invoke(member) != true)
                    {
                        member.WriteTo(writer);
                    }
                }

                writer.WriteEndObject();
            }));
        }
        catch (InvalidOperationException exception)
        {
            throw new CatalogException(ErrorKind.BadRequest, "Cannot parse JSON: a string has an unpaired surrogate", exception);
        }
    }
}
