namespace Frazil.Security;

/// <summary>Who asks.</summary>
/// <param name="Principal">The principal's name.</param>
public sealed record Caller(string Principal)
{
    /// <summary>The caller of a catalog that asks for no credentials.</summary>
    public static readonly Caller Anonymous = new("anonymous");

    /// <summary>The catalog itself: timed jobs.</summary>
    public static readonly Caller System = new("system");
}
