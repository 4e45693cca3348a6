using System.Buffers;

namespace Frazil.Api.Tests;

/// <summary>How a body is put together.</summary>
public sealed class RequestBodyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task When_memory_runs_out_each_array_goes_back_once(int rents)
    {
        var pool = new EmptyingPool(rents);

        await Assert.ThrowsAsync<InsufficientMemoryException>(() => RequestBody.ReadAllAsync(new MemoryStream(new byte[1024 * 1024]), int.MaxValue, pool, default).AsTask());

        Assert.Equal(rents, pool.Returned.Count);
        Assert.Equal(rents, pool.Returned.Distinct().Count());
    }

    /// <summary>Has so many arrays, and then none.</summary>
    private sealed class EmptyingPool(int left) : ArrayPool<byte>
    {
        private int left = left;

        public List<byte[]> Returned { get; } = [];

        public override byte[] Rent(int minimumLength) => left-- > 0 ? new byte[minimumLength] : throw new InsufficientMemoryException();

        public override void Return(byte[] array, bool clearArray = false) => Returned.Add(array);
    }
}
