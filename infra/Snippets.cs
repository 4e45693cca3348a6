using Pulumi;

namespace Frazil.Infra;

/// <summary>Ready text for the clients, to be pasted where the variable FRAZIL_SECRET holds the root secret.</summary>
public static class Snippets
{
    /// <summary>The versions that the snippets name; newer ones do as well.</summary>
    private const string IcebergVersion = "1.10.1";

    public static Output<string> Spark(Output<string> uri, string catalog, string bundle) => Output.Format($"""
        spark-sql \
          --packages org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:{IcebergVersion},org.apache.iceberg:{bundle}:{IcebergVersion} \
          --conf spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions \
          --conf spark.sql.catalog.frazil=org.apache.iceberg.spark.SparkCatalog \
          --conf spark.sql.catalog.frazil.type=rest \
          --conf spark.sql.catalog.frazil.uri={uri} \
          --conf spark.sql.catalog.frazil.warehouse={catalog} \
          --conf spark.sql.catalog.frazil.oauth2-server-uri={uri}/v1/oauth/tokens \
          --conf spark.sql.catalog.frazil.credential={RootSecret.ClientId}:$FRAZIL_SECRET \
          --conf spark.sql.catalog.frazil.header.X-Iceberg-Access-Delegation=vended-credentials \
          --conf spark.sql.defaultCatalog=frazil
        """);

    public static Output<string> PyIceberg(Output<string> uri, string catalog) => Output.Format($"""
        import os
        from pyiceberg.catalog import load_catalog

        catalog = load_catalog(
            "frazil",
            type="rest",
            uri="{uri}",
            warehouse="{catalog}",
            **dict([
                ("oauth2-server-uri", "{uri}/v1/oauth/tokens"),
                ("credential", "{RootSecret.ClientId}:" + os.environ["FRAZIL_SECRET"]),
                ("header.X-Iceberg-Access-Delegation", "vended-credentials"),
            ]),
        )
        print(catalog.list_namespaces())
        """);
}
