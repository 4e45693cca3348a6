namespace Frazil.Api;

/// <summary>
/// Why a request is refused whose target could be read two ways. A host that is not handed the target as the client sent it puts this among a request's features when it cannot tell
/// which name was meant.
/// </summary>
/// <param name="Reason">For the client: what cannot be told, and what to do instead.</param>
public sealed record UnclearTarget(string Reason);
