using System.Text.Json.Nodes;

namespace Frazil.Iceberg;

/// <summary>Documents that are wrong in one place: a member or item of any level left out, or of another value.</summary>
internal static class Mutants
{
    private static readonly string?[] WrongValues =
        [null, "null", "-1", "0", "9223372036854775807", "1.5", "\"\"", "\"\\ud800\"", "true", "[]", "[null]", "{}", "[[]]", "{\"\\ud800\": 1}"];

    /// <summary>Does something with every mutant of a document; the only way in which it may fail is an answer for the client.</summary>
    public static void Survive(string document, Action<string> act)
    {
        var refused = 0;
        foreach (var mutant in Of(document))
        {
            try
            {
                act(mutant);
            }
            catch (CatalogException exception)
            {
                Assert.InRange(exception.Code, 400, 409);
                refused++;
            }
        }

        Assert.NotEqual(0, refused);
    }

    /// <summary>Every mutant of a document, with some more wrong values.</summary>
    public static IEnumerable<string> Of(string document, params IEnumerable<string> more) => WrongValues.Concat(more).SelectMany(wrong => Of(JsonNode.Parse(document)!, wrong));

    private static IEnumerable<string> Of(JsonNode root, string? wrong)
    {
        foreach (var node in Descendants(root).ToList())
        {
            var (parent, place) = (node.Parent!, node.Parent is JsonObject ? node.GetPropertyName() : null);
            var index = place is null ? node.GetElementIndex() : 0;
            const string Marker = "\"@@\"";
            if (place is not null)
            {
                if (wrong is null)
                {
                    parent.AsObject().Remove(place);
                }
                else
                {
                    parent.AsObject()[place] = "@@";
                }
            }
            else if (wrong is not null)
            {
                parent.AsArray()[index] = "@@";
            }
            else
            {
                parent.AsArray().RemoveAt(index);
            }

            yield return root.ToJsonString().Replace(Marker, wrong ?? "", StringComparison.Ordinal);

            if (place is not null)
            {
                parent.AsObject()[place] = node;
            }
            else if (wrong is not null)
            {
                parent.AsArray()[index] = node;
            }
            else
            {
                parent.AsArray().Insert(index, node);
            }
        }
    }

    private static IEnumerable<JsonNode> Descendants(JsonNode node)
    {
        var children = node switch
        {
            JsonObject members => members.Select(member => member.Value),
            JsonArray items => items,
            _ => [],
        };
        return children.Where(child => child is not null).SelectMany(child => Descendants(child!).Prepend(child!));
    }
}
