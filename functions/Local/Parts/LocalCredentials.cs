using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Security;
using Frazil.Storage;

namespace Frazil.Local;

/// <summary>
/// The root credentials of a local catalog: from the environment, or made at the first start. Of made ones the store keeps a key and the secret's hash under it, so that every server over one store
/// takes the same secret, and one that the environment gives takes its place for all of them; the secret itself is shown once, and shown before it counts: a start that fails in between leaves nothing that nobody knows the secret of.
/// </summary>
/// <param name="options">What the server was told.</param>
/// <param name="writer">The store.</param>
/// <param name="clock">The time.</param>
internal sealed class LocalCredentials(ServeOptions options, StoreWriter writer, TimeProvider clock)
{
    private const string DefaultClientId = "root";

    /// <summary>Where earlier versions kept key and hash. It is read while the store has no record of its own.</summary>
    public const string FormerFile = "auth.json";

    /// <summary>Opens or makes them; null when none are asked for.</summary>
    /// <exception cref="SettingException">Credentials were asked for until now, and nobody says that they shall not be; or the secret of the environment is missing or too short.</exception>
    public async Task<RootCredentials?> OpenAsync(CancellationToken cancellationToken)
    {
        var item = await writer.Store.ReadAsync(Keys.Project, Keys.Root, cancellationToken);
        if (!options.Auth)
        {
            return options.Insecure || (item is null && !File.Exists(FormerPath))
                ? null
                : throw new SettingException("This store was served with --auth until now, and without it whoever reaches this address could read and change every table. Say --auth, or --insecure if that is what you want");
        }

        var known = item is null ? null : RootEntity.Read(item);
        if (options.RootSecret is { } given)
        {
            return await FromEnvironmentAsync(given, item, cancellationToken);
        }

        if (known is { Key: null })
        {
            throw new SettingException($"The root client's secret is given to the servers of this store by {SettingNames.RootSecret}: set it, or make a new secret with 'frazil new-secret'");
        }

        return known is not null ? ToCredentials(known)
            : ReadFormerFile() is { } former ? await KeepAsync(former, cancellationToken)
            : await MakeAsync(null, cancellationToken) ?? ToCredentials(await RequireAsync(cancellationToken));
    }

    /// <summary>Makes new credentials, whatever there was before. Servers take them when they are started again.</summary>
    /// <returns>Whether they count; not when another process was faster.</returns>
    public async Task<bool> RenewAsync(CancellationToken cancellationToken) =>
        await MakeAsync(await writer.Store.ReadAsync(Keys.Project, Keys.Root, cancellationToken), cancellationToken) is not null;

    private string FormerPath => Path.Join(options.Data, FormerFile);

    private async Task<RootCredentials> FromEnvironmentAsync(string secret, Item? item, CancellationToken cancellationToken)
    {
        try
        {
            var clientId = options.RootClientId ?? (item is null ? DefaultClientId : RootEntity.Read(item).ClientId);
            var credentials = RootCredentials.FromSecret(clientId, secret);
            await MarkAsync(item, clientId, cancellationToken);
            return credentials;
        }
        catch (ArgumentException exception)
        {
            throw new SettingException($"{SettingNames.RootSecret}: {exception.Message}", exception);
        }
    }

    /// <summary>Makes the record say that there is a secret, and nothing of it. One that was made before is given up: others may know it, which is why secrets are replaced, and then no server may take it.</summary>
    private async Task MarkAsync(Item? item, string clientId, CancellationToken cancellationToken)
    {
        while (item is null || RootEntity.Read(item).Key is not null)
        {
            var value = (item is null ? new RootEntity { ClientId = clientId, CreatedAt = clock.GetUtcNow() }
                : RootEntity.Read(item) with { ClientId = clientId, Key = null, SecretHash = null, CreatedAt = clock.GetUtcNow() }).ToValue();
            Write write = item is null ? new Write.Create(Keys.Root, value) : new Write.Replace(Keys.Root, value, item.Version);
            if ((await writer.WriteAsync(Keys.Project, [write], cancellationToken)).IsApplied)
            {
                return;
            }

            // Another server was faster, with a mark or with a secret of its own.
            item = await writer.Store.ReadAsync(Keys.Project, Keys.Root, cancellationToken);
        }
    }

    private async Task<RootCredentials?> MakeAsync(Item? before, CancellationToken cancellationToken)
    {
        var clientId = options.RootClientId ?? (before is null ? DefaultClientId : RootEntity.Read(before).ClientId);
        var (credentials, secret) = RootCredentials.Generate(clientId);
        await ShowAsync(credentials.ClientId, secret);
        var value = ToEntity(credentials).ToValue();
        Write write = before is null ? new Write.Create(Keys.Root, value) : new Write.Replace(Keys.Root, value, before.Version);
        if ((await writer.WriteAsync(Keys.Project, [write], cancellationToken)).IsApplied)
        {
            return credentials;
        }

        await Console.Error.WriteLineAsync(options.Json
            ? ToLine("The root credentials shown before do not count: another process was faster, and showed its own")
            : "These do not count: another process was faster, and showed its own");
        return null;
    }

    private async Task<RootCredentials> KeepAsync(RootCredentials former, CancellationToken cancellationToken) =>
        (await writer.WriteAsync(Keys.Project, [new Write.Create(Keys.Root, ToEntity(former).ToValue())], cancellationToken)).IsApplied
            ? former
            : ToCredentials(await RequireAsync(cancellationToken));

    private async Task<RootEntity> RequireAsync(CancellationToken cancellationToken) =>
        await writer.Store.ReadAsync(Keys.Project, Keys.Root, cancellationToken) is { } item && RootEntity.Read(item) is { Key: not null } entity
            ? entity
            : throw new StartException("The root credentials were changed by others at the same time; start again");

    /// <summary>Not in the log: a log is kept and copied, and this is told once, to whoever started the server.</summary>
    private async Task ShowAsync(string clientId, string secret)
    {
        await Console.Error.WriteLineAsync(options.Json
            ? ToLine("The root credentials, shown only now", ("clientId", clientId), ("clientSecret", secret))
            : $"The root credentials, shown only now: {clientId}:{secret}");
        await Console.Error.FlushAsync(CancellationToken.None);
    }

    /// <summary>A line as the log has them. Not by the log's own format, which shows no secret.</summary>
    private string ToLine(string message, params ReadOnlySpan<(string Name, string Text)> members)
    {
        var line = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new System.Text.Json.Utf8JsonWriter(line))
        {
            writer.WriteStartObject();
            writer.WriteString("time", clock.GetUtcNow().UtcDateTime);
            writer.WriteString("level", "info");
            writer.WriteString("message", message);
            foreach (var (name, text) in members)
            {
                writer.WriteString(name, text);
            }

            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(line.WrittenSpan);
    }

    /// <summary>What the file of former versions holds; null when there is none, or a start that was killed left half of one, whose secret nobody was shown.</summary>
    private RootCredentials? ReadFormerFile()
    {
        if (!File.Exists(FormerPath))
        {
            return null;
        }

        try
        {
            using var document = Json.Parse(File.ReadAllBytes(FormerPath));
            var file = document.RootElement.RequireObject(FormerPath);
            return new RootCredentials(
                file.RequiredString("client-id"), Convert.FromBase64String(file.RequiredString("key")), Convert.FromBase64String(file.RequiredString("secret-hash")));
        }
        catch (Exception exception) when (exception is CatalogException or FormatException or ArgumentException)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"The credentials file {FormerPath} is not usable: {exception.Message}", exception);
        }
    }

    private RootEntity ToEntity(RootCredentials credentials) =>
        new() { ClientId = credentials.ClientId, Key = credentials.Key, SecretHash = credentials.SecretHash.ToArray(), CreatedAt = clock.GetUtcNow() };

    private RootCredentials ToCredentials(RootEntity entity)
    {
        if (options.RootClientId is { } clientId && clientId != entity.ClientId)
        {
            throw new SettingException($"The root client of this store is '{entity.ClientId}', not '{clientId}'; 'frazil new-secret --root-client-id {clientId}' makes new credentials under that id");
        }

        return new RootCredentials(entity.ClientId, entity.Key!, entity.SecretHash!);
    }
}
