using System.Text.Json;

namespace Frazil.HostStory;

/// <summary>A catalog to which the story is told: a running host with credentials, an empty catalog <c>default</c> and a trash that keeps what is dropped.</summary>
public abstract class StoryHost
{
    /// <summary>The root client's id.</summary>
    public const string ClientId = "root";

    /// <summary>The root client's secret.</summary>
    public const string ClientSecret = "frazil_story_0123456789abcdefghijklmnopqrstuvwxyz";

    /// <summary>Where the host answers.</summary>
    public abstract Uri Address { get; }

    /// <summary>Where its catalog keeps tables: what the story's locations begin with.</summary>
    public abstract string Warehouse { get; }

    /// <summary>Runs a timed job in the way this host has for it, and gives what it did.</summary>
    public abstract Task<JsonElement> RunJobAsync(string job);
}

/// <summary>The story went another way than it should.</summary>
public sealed class StoryException(string message) : Exception(message);
