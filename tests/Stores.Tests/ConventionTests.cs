using System.Reflection;
using Frazil.Storage;

namespace Frazil.Stores.Tests;

/// <summary>Counts the suites.</summary>
public sealed class ConventionTests
{
    private static readonly Assembly[] Product =
        [.. Directory.GetFiles(AppContext.BaseDirectory, "Frazil*.dll").Where(file => !file.EndsWith("Tests.dll", StringComparison.Ordinal)).Select(Assembly.LoadFrom)];

    [Fact]
    public void Every_key_value_store_is_under_the_suite() => AssertCovered(typeof(IKeyValueStore), typeof(KeyValueStoreTests), atLeast: 2);

    [Fact]
    public void Every_object_store_is_under_the_suite() => AssertCovered(typeof(IObjectStore), typeof(ObjectStoreTests), atLeast: 2);

    [Fact]
    public void Backends_refer_to_the_catalog_and_never_to_each_other()
    {
        var backends = Product.Where(assembly => assembly.GetName().Name!.EndsWith("Backend", StringComparison.Ordinal)).ToArray();
        Assert.True(backends.Length >= 3);
        Assert.All(backends, backend => Assert.Empty(
            backend.GetReferencedAssemblies().Select(reference => reference.Name!).Where(name => name.StartsWith("Frazil", StringComparison.Ordinal)).Except(["Frazil.Catalog", "Frazil.Iceberg"])));
    }

    private static void AssertCovered(Type contract, Type suite, int atLeast)
    {
        string[] stores = [.. Product.SelectMany(assembly => assembly.GetExportedTypes()).Where(type => type.IsClass && contract.IsAssignableFrom(type)).Select(type => type.Name)];
        string[] suites = [.. typeof(ConventionTests).Assembly.GetExportedTypes().Where(type => type.IsSealed && suite.IsAssignableFrom(type)).Select(type => type.Name)];
        Assert.True(stores.Length >= atLeast, $"only {string.Join(", ", stores)} found");
        Assert.Equal(stores.Select(store => store + "Tests").Order(), suites.Order());
    }
}
