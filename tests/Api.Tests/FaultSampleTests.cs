using Frazil.Storage;

namespace Frazil.Api.Tests;

[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class FaultSampleTestsAws() : FaultSampleTests(new AwsWorld());

[Trait("Needs", "azurite")]
public sealed class FaultSampleTestsAzure() : FaultSampleTests(new AzureWorld());

/// <summary>
/// What <see cref="UnknownOutcomeTests"/> tries of every mutation, tried of a few over the stores of the clouds: single rows and batches, creations, replacements, checks and deletions,
/// whose answers and requests are lost, and which are throttled. A batch that is sent again is one that the store itself must know.
/// </summary>
public abstract class FaultSampleTests(World world) : FaultTests(world)
{
    protected override IReadOnlyList<bool> WithKeys => [false];

    [Theory]
    [InlineData("create table at a location")]
    [InlineData("commit an append")]
    [InlineData("transaction")]
    [InlineData("drop and purge table")]
    [InlineData("rename table")]
    [InlineData("drop namespace")]
    [Trait("Behaviour", "215")]
    [Trait("Behaviour", "292")]
    public async Task A_lost_answer_or_request_is_made_good_and_a_throttled_write_is_503(string name) => await EachWriteAsync(
        name,
        async trial =>
        {
            trial.Seam.FailAfter(trial.IsAt, Lost);

            await trial.SucceedsAsync();
        },
        async trial =>
        {
            trial.Seam.FailBefore(trial.IsAt, Lost);

            await trial.SucceedsAsync();
        },
        async trial =>
        {
            trial.Seam.FailBefore(trial.IsAtOrLater, () => new StoreThrottledException("slow down"), int.MaxValue);

            (await trial.SendAsync()).Error(503, "SlowDownException");
            Assert.Equal(trial.Before, await trial.StateAsync());
        });
}
