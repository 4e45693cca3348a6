using System.Diagnostics.CodeAnalysis;

namespace Frazil.Iceberg;

/// <summary>The path of a namespace, outermost level first. At least one level; no level is empty. Compared by value, ordinally.</summary>
public sealed class Namespace : IEquatable<Namespace>
{
    private readonly string[] levels;

    /// <param name="levels">Outermost first; must not be empty, nor hold an empty level.</param>
    /// <exception cref="CatalogException">400 when there is no level, or an empty one.</exception>
    public Namespace(params IReadOnlyList<string> levels)
    {
        if (levels.Count == 0)
        {
            throw CatalogException.BadRequest("Namespace must have at least one level");
        }

        this.levels = [.. levels];
        if (this.levels.Any(string.IsNullOrEmpty))
        {
            throw CatalogException.BadRequest("Namespace levels must not be empty");
        }
    }

    /// <summary>The levels, outermost first.</summary>
    public IReadOnlyList<string> Levels => levels;

    /// <summary>The last level.</summary>
    public string Name => levels[^1];

    /// <summary>The namespace that holds this one, or null for a namespace of one level.</summary>
    public Namespace? Parent => levels.Length == 1 ? null : new Namespace(levels[..^1]);

    /// <summary>The levels joined by dots, as clients' messages have them. For people; not reversible when a level holds a dot.</summary>
    public override string ToString() => string.Join('.', levels);

    /// <inheritdoc />
    public bool Equals([NotNullWhen(true)] Namespace? other) => other is not null && levels.AsSpan().SequenceEqual(other.levels);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as Namespace);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var level in levels)
        {
            hash.Add(level, StringComparer.Ordinal);
        }

        return hash.ToHashCode();
    }
}

/// <summary>A table or view: its namespace and its name in it (<c>TableIdentifier</c> of the REST specification). Tables and views share their names.</summary>
/// <param name="Namespace">Where it is.</param>
/// <param name="Name">Its name there.</param>
public sealed record TableIdentifier(Namespace Namespace, string Name)
{
    /// <summary>Namespace and name joined by dots, as clients' messages have them.</summary>
    public override string ToString() => $"{Namespace}.{Name}";
}
