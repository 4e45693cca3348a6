using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Frazil.AwsBackend;
using Frazil.Storage;
using Xunit.Abstractions;

namespace Frazil.Stores.Tests;

/// <summary>
/// Many writers over a network where any request may be lost, done without an answer, or answered with an error; then the history is read. Every row keeps the commit ids of all batches that wrote it,
/// so that it shows what each batch did: applied ones exactly once, refused ones never, unknown ones at most once.
/// </summary>
[Trait("Needs", "dynamodb")]
public sealed class DynamoDbWeatherTests(ITestOutputHelper output)
{
    private readonly string partition = $"test-{Guid.NewGuid():N}";

    [Fact]
    public async Task Every_history_agrees_with_what_the_writers_were_told()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var table = await DynamoDbKeyValueStoreTests.TableAsync();
        var calm = new DynamoDbKeyValueStore(Aws.DynamoDb(), table, TimeProvider.System, new IdSource());
        string[] ids = ["a", "f/b", "f/c"];
        foreach (var id in ids)
        {
            Assert.True((await calm.WriteAsync(partition, NewCommitId(), [new Write.Create(id, default)], default)).IsApplied);
        }

        var told = new ConcurrentDictionary<string, string>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() => WorkAsync(table, ids, new Random(seed + worker), told))));

        var counts = told.Values.CountBy(outcome => outcome).ToDictionary();
        output.WriteLine(string.Join(", ", counts));
        Assert.True(counts.GetValueOrDefault("applied") > 50 && counts.GetValueOrDefault("refused") > 5, "too few of an outcome to tell anything");

        var written = new Dictionary<string, int>();
        foreach (var id in ids)
        {
            var row = (await calm.ReadAsync(partition, id, default))!;
            string[] history = Encoding.UTF8.GetString(row.Value.Span).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(history.LastOrDefault() ?? row.CommitId, row.CommitId);
            Assert.Equal(history.Distinct(), history);
            foreach (var entry in history)
            {
                written[entry] = written.GetValueOrDefault(entry) + 1;
            }
        }

        foreach (var (commitId, outcome) in told)
        {
            // The name says how many rows the batch wrote: all of them, or none.
            var (rows, found) = (commitId[0] - '0', written.GetValueOrDefault(commitId));
            Assert.True(outcome switch { "applied" => found == rows, "refused" => found == 0, _ => found == 0 || found == rows }, $"{commitId} was {outcome} and is in {found} of {rows} rows (seed {seed})");
        }

        Assert.Empty(written.Keys.Except(told.Keys));
    }

    private async Task WorkAsync(string table, string[] ids, Random chance, ConcurrentDictionary<string, string> told)
    {
        var faults = new Faults { Weather = () => Weather(chance) };
        var store = new DynamoDbKeyValueStore(Aws.DynamoDb(faults), table, new InstantTime(), new IdSource());
        for (var i = 0; i < 40; i++)
        {
            var chosen = ids.OrderBy(_ => chance.Next()).Take(chance.Next(1, 4)).ToArray();
            try
            {
                var rows = await store.ReadManyAsync(partition, chosen, default);
                var commitId = $"{chosen.Length}-{NewCommitId()}";
                Write[] writes = [.. rows.Select(row => new Write.Replace(row!.Id, (byte[])[.. row.Value.Span, .. Encoding.UTF8.GetBytes(commitId + " ")], row.Version))];
                told[commitId] = "under way";
                try
                {
                    told[commitId] = (await store.WriteAsync(partition, commitId, writes, default)).IsApplied ? "applied" : "refused";
                }
                catch (UnknownOutcomeException)
                {
                    told[commitId] = "unknown";
                }
                catch (Exception failure) when (failure is StoreThrottledException or IOException)
                {
                    told[commitId] = "refused";
                }
            }
            catch (Exception failure) when (failure is StoreThrottledException or IOException)
            {
                // A read that the weather took.
            }
        }
    }

    private static Faults.Fault? Weather(Random chance) => chance.Next(20) switch
    {
        0 or 1 => Faults.LostBefore(),
        2 or 3 or 4 => Faults.LostAfter(),
        5 => Faults.AnsweredAfter(HttpStatusCode.InternalServerError, """{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"Internal server error"}"""),
        6 => Faults.Answered(HttpStatusCode.BadRequest, """{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"Transaction is ongoing for the item"}"""),
        7 => Faults.Answered(HttpStatusCode.BadRequest, """{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}"""),
        8 => Faults.TimedOut(),
        _ => null,
    };

    private static string NewCommitId() => $"{Guid.NewGuid():N}";
}
