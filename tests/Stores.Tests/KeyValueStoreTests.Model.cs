using CsCheck;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

public abstract partial class KeyValueStoreTests
{
    /// <summary>Runs of the property. A store behind a network has fewer.</summary>
    protected virtual int ModelRuns => 100;

    /// <summary>What the store is compared with.</summary>
    protected virtual IKeyValueStore NewModel() => new InMemoryKeyValueStore();

    [Fact]
    public Task Any_run_of_calls_agrees_with_the_model() => Step.Runs.SampleAsync(
        async steps =>
        {
            var partition = $"test-{Guid.NewGuid():N}";
            var (model, store) = (new Side(NewModel(), partition), new Side(Store, partition));
            foreach (var step in steps)
            {
                await step.RunAsync(model, store);
            }
        },
        iter: ModelRuns,
        threads: 1);

    /// <summary>A store with the versions it gave: the two sides' versions differ, their order of appearance does not.</summary>
    private sealed class Side(IKeyValueStore store, string partition)
    {
        private readonly Dictionary<string, List<string>> versions = [];

        public IKeyValueStore Store => store;

        public string Partition => partition;

        public async Task LearnAsync(IEnumerable<string> ids)
        {
            foreach (var id in ids)
            {
                if (await store.ReadAsync(partition, id, default) is { } item && !Seen(id).Contains(item.Version))
                {
                    Seen(id).Add(item.Version);
                }
            }
        }

        /// <summary>The age-th last version of a row; one that never was when there were not so many.</summary>
        public string Version(string id, int age) => Seen(id) is var seen && age < seen.Count ? seen[^(age + 1)] : "never";

        private List<string> Seen(string id) => versions.TryGetValue(id, out var seen) ? seen : versions[id] = [];
    }

    private abstract record Step
    {
        private static readonly string[] Universe = ["a", "b", "f/a", "f/ab", "f/b", "f/é", "f/\U0001F600", "f/\uffee", "f/a/x", "g/a"];

        private static readonly Gen<string> AnyId = Gen.OneOf(Universe);

        private static readonly Gen<Change> AnyChange = Gen.Select(
            Gen.Int[0, 3], AnyId, Gen.Int[0, 99], Gen.Frequency((8, Gen.Const(0)), (1, Gen.Const(1)), (1, Gen.Const(9))), (kind, id, value, age) => new Change(kind, id, value, age));

        private static readonly Gen<Step> AnyStep = Gen.Frequency(
            (6, AnyChange.List[1, 4].Select(changes => (Step)new Batch([.. changes.DistinctBy(change => change.Id)]))),
            (2, Gen.Select(
                Gen.OneOf("f/", "f/a", "f/a/", "g/", "/", "f/\U0001F600"),
                Gen.OneOf(Gen.Const((string?)null), AnyId.Select(id => (string?)id), Gen.OneOf<string?>("f/", "e", "z", "f/a!", "f/\ud83d\ude01")),
                Gen.Int[1, 4],
                (prefix, after, limit) => (Step)new List(prefix, after, limit))),
            (1, AnyId.Array[0, 6].Select(ids => (Step)new ReadMany(ids))));

        public static Gen<List<Step>> Runs { get; } = AnyStep.List[1, 30];

        public abstract Task RunAsync(Side model, Side store);

        private static void AssertSame(IEnumerable<Item?> expected, IEnumerable<Item?> actual) =>
            Assert.Equal(expected.Select(item => (item?.Id, item is null ? null : Text(item), item?.CommitId)), actual.Select(item => (item?.Id, item is null ? null : Text(item), item?.CommitId)));

        private sealed record Change(int Kind, string Id, int Value, int Age)
        {
            public Write For(Side side) => Kind switch
            {
                0 => new Write.Create(Id, Bytes($"{Value}")),
                1 => new Write.Replace(Id, Bytes($"{Value}"), side.Version(Id, Age)),
                2 => new Write.Delete(Id, side.Version(Id, Age)),
                _ => new Write.Check(Id, side.Version(Id, Age)),
            };
        }

        private sealed record Batch(Change[] Changes) : Step
        {
            public override async Task RunAsync(Side model, Side store)
            {
                var commitId = NewCommitId();
                Write[] writes = [.. Changes.Select(change => change.For(model))];
                var expected = await model.Store.WriteAsync(model.Partition, commitId, writes, default);
                var actual = await store.Store.WriteAsync(store.Partition, commitId, [.. Changes.Select(change => change.For(store))], default);
                Assert.Equal(expected.IsApplied, actual.IsApplied);
                if (actual.RefusedBy is { } id)
                {
                    // Whichever of several it names, its condition did not hold.
                    var refused = Assert.Single(writes, write => write.Id == id);
                    Assert.NotEqual(Batches.RequiredVersion(refused), (await model.Store.ReadAsync(model.Partition, id, default))?.Version);
                }

                string[] ids = [.. writes.Select(write => write.Id)];
                await model.LearnAsync(ids);
                await store.LearnAsync(ids);
                foreach (var written in ids)
                {
                    AssertSame([await model.Store.ReadAsync(model.Partition, written, default)], [await store.Store.ReadAsync(store.Partition, written, default)]);
                }
            }
        }

        private sealed record List(string Prefix, string? After, int Limit) : Step
        {
            public override async Task RunAsync(Side model, Side store) => AssertSame(
                await model.Store.ListAsync(model.Partition, Prefix, After, Limit, default), await store.Store.ListAsync(store.Partition, Prefix, After, Limit, default));
        }

        private sealed record ReadMany(string[] Ids) : Step
        {
            public override async Task RunAsync(Side model, Side store) => AssertSame(
                await model.Store.ReadManyAsync(model.Partition, Ids, default), await store.Store.ReadManyAsync(store.Partition, Ids, default));
        }
    }
}
