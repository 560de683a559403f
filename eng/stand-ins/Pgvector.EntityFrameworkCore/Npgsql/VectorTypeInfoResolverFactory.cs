using Npgsql.Internal;
using Npgsql.Internal.Postgres;

namespace Pgvector.Npgsql;

/// <summary>Tells Npgsql about <c>vector</c>, <c>halfvec</c> and arrays of them.</summary>
internal sealed class VectorTypeInfoResolverFactory : PgTypeInfoResolverFactory
{
    public const string VectorType = "vector";
    public const string HalfVectorType = "halfvec";

    public override IPgTypeInfoResolver CreateResolver() => new Resolver(Scalars());

    public override IPgTypeInfoResolver CreateArrayResolver()
    {
        var mappings = Scalars();
        mappings.AddArrayType<Vector>(VectorType);
        mappings.AddArrayType<HalfVector>(HalfVectorType);
        return new Resolver(mappings);
    }

    private static TypeInfoMappingCollection Scalars()
    {
        var mappings = new TypeInfoMappingCollection();
        mappings.AddType<Vector>(
            VectorType, static (options, mapping, _) => mapping.CreateInfo(options, new VectorConverter()), isDefault: true);
        mappings.AddType<HalfVector>(
            HalfVectorType, static (options, mapping, _) => mapping.CreateInfo(options, new HalfVectorConverter()), isDefault: true);
        return mappings;
    }

    private sealed class Resolver(TypeInfoMappingCollection mappings) : IPgTypeInfoResolver
    {
        public PgTypeInfo? GetTypeInfo(Type? type, DataTypeName? dataTypeName, PgSerializerOptions options) =>
            mappings.Find(type, dataTypeName, options);
    }
}
