using System.Data.Common;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Pgvector.Npgsql;

namespace Pgvector.EntityFrameworkCore;

/// <summary>Columns of type <c>vector(n)</c> and <c>halfvec(n)</c>.</summary>
internal sealed class VectorTypeMapping : RelationalTypeMapping
{
    public VectorTypeMapping(string storeType, Type clrType, int? size)
        : base(new RelationalTypeMappingParameters(
            new CoreTypeMappingParameters(clrType), storeType, StoreTypePostfix.Size, dbType: null, unicode: false, size))
    {
    }

    private VectorTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters) => new VectorTypeMapping(parameters);

    // Also for null, whose type Npgsql could not know.
    protected override void ConfigureParameter(DbParameter parameter) => ((NpgsqlParameter)parameter).DataTypeName = StoreTypeNameBase;

    // The original writes the elements without quotes here, which the server then refuses.
    protected override string GenerateNonNullSqlLiteral(object value) =>
        throw new NotSupportedException("A vector cannot stand in a query as a constant; put it into a local variable first.");
}

internal sealed class VectorTypeMappingSourcePlugin : IRelationalTypeMappingSourcePlugin
{
    public RelationalTypeMapping? FindMapping(in RelationalTypeMappingInfo mappingInfo)
    {
        var (storeType, clrType) = (mappingInfo.ClrType, mappingInfo.StoreTypeNameBase) switch
        {
            ({ } type, _) when type == typeof(Vector) => (VectorTypeInfoResolverFactory.VectorType, type),
            ({ } type, _) when type == typeof(HalfVector) => (VectorTypeInfoResolverFactory.HalfVectorType, type),
            (null, VectorTypeInfoResolverFactory.VectorType) => (VectorTypeInfoResolverFactory.VectorType, typeof(Vector)),
            (null, VectorTypeInfoResolverFactory.HalfVectorType) => (VectorTypeInfoResolverFactory.HalfVectorType, typeof(HalfVector)),
            _ => default,
        };
        return clrType is null
            ? null
            : new VectorTypeMapping(mappingInfo.StoreTypeNameBase ?? storeType, clrType, mappingInfo.Size);
    }
}
