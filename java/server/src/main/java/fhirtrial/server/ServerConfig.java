package fhirtrial.server;

import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binary.api.IBinaryStorageSvc;
import ca.uhn.fhir.jpa.binstore.MemoryBinaryStorageSvcImpl;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.interceptor.UserRequestRetryVersionConflictsInterceptor;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.DiffProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.provider.ValueSetOperationProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.rest.server.ETagSupportEnum;
import ca.uhn.fhir.rest.server.HardcodedServerAddressStrategy;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.fhir.validation.IValidatorModule;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import jakarta.persistence.EntityManagerFactory;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/** The beans every release needs besides its own JpaRxConfig. */
@Configuration
@Import({
  HapiJpaConfig.class,
  ThreadPoolFactoryConfig.class,
  SubscriptionChannelConfig.class, // has the message broker that Batch2 needs even without subscriptions
  JpaBatch2Config.class,
  Batch2JobsConfig.class
})
class ServerConfig {

  @Bean
  JpaStorageSettings storageSettings(Settings settings) {
    JpaStorageSettings storage = new JpaStorageSettings();
    long reuse = settings.searchReuseMillis();
    storage.setReuseCachedSearchResultsForMillis(reuse > 0 ? reuse : null);
    // Tests empty the database by $expunge, which needs both.
    storage.setExpungeEnabled(true);
    storage.setAllowMultipleDelete(true);
    // The starter stores no meta.source; HAPI's library does, and that is the harder case for a client.
    storage.setStoreMetaSourceInformation(
        JpaStorageSettings.StoreMetaSourceInformationEnum.SOURCE_URI_AND_REQUEST_ID);
    storage.setPreExpandValueSets(false);
    storage.setHibernateSearchIndexFullText(false);
    storage.setHibernateSearchIndexSearchParams(false);
    return storage;
  }

  @Bean
  PartitionSettings partitionSettings() {
    return new PartitionSettings();
  }

  @Bean
  SubscriptionSettings subscriptionSettings() {
    return new SubscriptionSettings();
  }

  @Bean
  IBinaryStorageSvc binaryStorage() {
    return new MemoryBinaryStorageSvcImpl();
  }

  @Bean(destroyMethod = "close")
  DataSource dataSource(Settings settings) {
    BasicDataSource source = new BasicDataSource();
    source.setDriver(new org.h2.Driver());
    source.setUrl(settings.jdbcUrl());
    source.setUsername("sa");
    source.setPassword("");
    source.setMaxTotal(20);
    source.setMaxWait(Duration.ofSeconds(60));
    return source;
  }

  @Bean
  LocalContainerEntityManagerFactoryBean entityManagerFactory(
      ConfigurableListableBeanFactory beans, FhirContext fhir, JpaStorageSettings storage, DataSource source) {
    Properties jpa = new Properties();
    jpa.put("hibernate.dialect", HapiFhirH2Dialect.class.getName());
    jpa.put("hibernate.hbm2ddl.auto", "update");
    jpa.put("hibernate.jdbc.batch_size", "20");
    jpa.put("hibernate.cache.use_query_cache", "false");
    jpa.put("hibernate.cache.use_second_level_cache", "false");
    jpa.put("hibernate.search.enabled", "false"); // without it only _text and _content are lost
    LocalContainerEntityManagerFactoryBean factory =
        HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, storage);
    factory.setJpaProperties(jpa);
    factory.setPersistenceUnitName("HAPI_PU");
    factory.setDataSource(source);
    return factory;
  }

  @Bean
  @Primary
  JpaTransactionManager transactionManager(EntityManagerFactory factory) {
    return new JpaTransactionManager(factory);
  }

  @Bean
  JpaCapabilityStatementProvider metadata(
      RestfulServer server,
      IFhirSystemDao<?, ?> systemDao,
      JpaStorageSettings storage,
      ISearchParamRegistry searchParameters,
      IValidationSupport validationSupport) {
    JpaCapabilityStatementProvider metadata = new JpaCapabilityStatementProvider(
        server, systemDao, storage, searchParameters, validationSupport);
    metadata.setImplementationDescription("fhir-trial sandbox");
    server.setServerConformanceProvider(metadata);
    return metadata;
  }

  @Bean
  RestfulServer restfulServer(
      Settings settings,
      FhirContext fhir,
      JpaSystemProvider<?, ?> system,
      ResourceProviderFactory resources,
      ValueSetOperationProvider valueSets,
      DiffProvider diff,
      DatabaseBackedPagingProvider paging,
      IValidatorModule validator) {
    RestfulServer server = new RestfulServer(fhir);
    server.registerProviders(resources.createProviders());
    server.registerProviders(system, valueSets, diff);
    server.setPagingProvider(paging);
    server.setETagSupport(ETagSupportEnum.ENABLED);
    server.setServerAddressStrategy(new HardcodedServerAddressStrategy(settings.base()));
    // Without this interceptor the header X-Retry-On-Version-Conflict is ignored.
    server.registerInterceptor(new UserRequestRetryVersionConflictsInterceptor());
    if (settings.validateRequests()) server.registerInterceptor(validation(validator));
    return server;
  }

  private static RequestValidatingInterceptor validation(IValidatorModule validator) {
    RequestValidatingInterceptor interceptor = new RequestValidatingInterceptor();
    interceptor.setFailOnSeverity(ResultSeverityEnum.ERROR);
    interceptor.setValidatorModules(List.of(validator));
    return interceptor;
  }
}
