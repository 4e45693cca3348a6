using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Api.Tests;

public sealed class CatalogLocationTestsInMemory() : CatalogLocationTests(new MemoryWorld());

public sealed class CatalogLocationTestsEmbedded() : CatalogLocationTests(new EmbeddedWorld());

[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class CatalogLocationTestsAws() : CatalogLocationTests(new AwsWorld());

[Trait("Needs", "azurite")]
public sealed class CatalogLocationTestsAzure() : CatalogLocationTests(new AzureWorld());

/// <summary>No two catalogs of a store share a location: a purge in one could delete files of the other.</summary>
public abstract class CatalogLocationTests(World world) : CatalogTests(world)
{
    [Theory]
    [InlineData("lake", "lake")]
    [InlineData("lake", "lake/inner")]
    [InlineData("lake/inner", "lake")]
    public async Task A_catalog_cannot_be_made_at_above_or_below_a_location_of_another(string first, string second)
    {
        await PutAsync("one", first);

        var failure = await RefusedAsync("two", second);

        Assert.Contains("Catalog two cannot be at", failure.Message, StringComparison.Ordinal);
        Assert.Contains("a location of catalog one", failure.Message, StringComparison.Ordinal);
        Assert.Null(await Server.Operations.Catalogs.FindAsync("two", CancellationToken.None));
    }

    [Fact]
    public async Task Allowed_locations_count_like_the_base_location()
    {
        await PutAsync("one", "one", $"{World.Root}/more");

        await RefusedAsync("two", "more/below");
        await RefusedAsync("two", "two", $"{World.Root}/one/below");
    }

    [Fact]
    public async Task Neighbours_whose_names_begin_alike_do_not_overlap()
    {
        await PutAsync("one", "lake");
        await PutAsync("two", "lake-2");
        await PutAsync("three", "lak");
    }

    [Fact]
    public async Task A_catalog_keeps_its_own_locations_whatever_it_is_given_besides()
    {
        await PutAsync("one", "lake");
        await PutAsync("one", "lake", $"{World.Root}/lake/inner", $"{World.Root}/other");
        await PutAsync("one", "moved", $"{World.Root}/lake");
        await PutAsync("one", "lake");

        // Its tables may still be there.
        await RefusedAsync("two", "moved");
    }

    [Fact]
    public async Task Of_two_that_are_made_at_once_at_one_place_one_is_refused()
    {
        var servers = new[] { Server, await World.StartAsync() };

        var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await PutAsync($"catalog-{i}", i % 2 == 0 ? "place" : "place/inner", server: servers[i % 2]);
                return true;
            }
            catch (CatalogException exception) when (exception.Kind is ErrorKind.Validation or ErrorKind.BadRequest)
            {
                return false;
            }
        }));

        Assert.Single(made, isMade => isMade);
    }

    [Fact]
    public async Task What_was_taken_before_a_crash_the_same_catalog_takes_again()
    {
        Seam.FailBefore(call => call.Kind == CallKind.Write && call.Target.Contains(Keys.Catalogs, StringComparison.Ordinal), static () => new InvalidOperationException("dead"), 1);
        await Assert.ThrowsAnyAsync<Exception>(() => PutAsync("one", "lake"));

        await PutAsync("one", "lake");
    }

    [Fact]
    public async Task Catalogs_of_an_earlier_version_that_overlap_are_found_when_they_are_opened_again()
    {
        await StoreAsEarlierAsync("one", "lake");
        await StoreAsEarlierAsync("two", "lake");

        await RefusedAsync("one", "lake");
        await RefusedAsync("two", "lake");
    }

    [Fact]
    public async Task A_catalog_of_an_earlier_version_that_nobody_opens_again_keeps_its_location()
    {
        await StoreAsEarlierAsync("one", "lake");

        await RefusedAsync("two", "lake/inner");
        await PutAsync("one", "lake");
        await RefusedAsync("two", "lake/inner");
    }

    [Fact]
    public async Task A_catalog_that_cannot_be_served_takes_no_location()
    {
        var operations = new Operations(World.Store, static _ => throw new CatalogException(ErrorKind.BadRequest, "no such credentials"), new FrazilOptions(), Clock, new IdSource());
        await Assert.ThrowsAsync<CatalogException>(async () => await operations.Catalogs.PutAsync(
            "mistyped", World.Profile("lake"), new Dictionary<string, string>(), DeleteProfile.Soft, CancellationToken.None));

        await PutAsync("right", "lake");
    }

    [Fact]
    public async Task Whoever_lets_catalogs_share_locations_may_overlap_them()
    {
        var server = await World.StartAsync(new FrazilOptions { SharesLocations = true });
        await PutAsync("one", "lake");

        await PutAsync("two", "lake/inner", server: server);
    }

    [Fact]
    public async Task A_catalog_that_is_as_it_was_costs_one_read()
    {
        await PutAsync("one", "lake");
        Seam.Clear();

        await PutAsync("one", "lake");

        Assert.Equal(1, Seam.Count(CallKind.Read));
        Assert.Equal(0, Seam.Count(CallKind.Write));
    }

    [Fact]
    [Trait("Limit", nameof(Limits.MaxCatalogLocations))]
    public async Task A_catalog_has_a_bounded_number_of_locations()
    {
        string[] Locations(int count) => [.. Enumerable.Range(0, count).Select(i => $"{World.Root}/place-{i}")];

        var failure = await RefusedAsync("one", "lake", Locations(Limits.MaxCatalogLocations));
        Assert.Contains($"more than {Limits.MaxCatalogLocations} locations", failure.Message, StringComparison.Ordinal);
        await PutAsync("one", "lake", Locations(Limits.MaxCatalogLocations - 1));
    }

    private async Task PutAsync(string name, string location, params string[] allowed) => await PutAsync(name, location, Server, allowed);

    private async Task PutAsync(string name, string location, Server server, params string[] allowed) => await server.Operations.Catalogs.PutAsync(
        name, World.Profile(location) with { AllowedLocations = allowed }, new Dictionary<string, string>(), DeleteProfile.Soft, CancellationToken.None);

    private async Task<CatalogException> RefusedAsync(string name, string location, params string[] allowed)
    {
        var failure = await Assert.ThrowsAsync<CatalogException>(() => PutAsync(name, location, allowed));
        Assert.Equal(400, CatalogException.CodeOf(failure.Kind));
        return failure;
    }

    private async Task StoreAsEarlierAsync(string name, string location)
    {
        var row = new CatalogEntity { Id = Guid.NewGuid(), Name = name, Storage = World.Profile(location), CreatedAt = Clock.GetUtcNow() };
        Assert.True((await World.Store.WriteAsync(Keys.Project, Guid.NewGuid().ToString("N"), [new Write.Create(Keys.Catalog(name), row.ToValue())], CancellationToken.None)).IsApplied);
    }
}
