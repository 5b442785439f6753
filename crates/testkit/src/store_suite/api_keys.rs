//! API keys.

use trackside_core::{ApiKey, ErrorKind, Key, Store, Timestamp};

fn key(name: &str, at: i64) -> ApiKey {
    ApiKey { name: Key::new(name).unwrap(), created_at: Timestamp::from_millis(at) }
}

pub async fn a_key_is_found_by_its_digest_until_it_is_revoked(store: &dyn Store) {
    assert_eq!(store.api_keys().await.unwrap(), []);
    store.create_api_key(key("b", 2), [2; 32]).await.unwrap();
    store.create_api_key(key("a", 1), [1; 32]).await.unwrap();
    assert_eq!(store.api_keys().await.unwrap(), [key("a", 1), key("b", 2)]);
    assert_eq!(store.api_key([2; 32]).await.unwrap(), Some(key("b", 2)));
    assert_eq!(store.api_key([3; 32]).await.unwrap(), None);
    store.revoke_api_key(&key("b", 2).name).await.unwrap();
    assert_eq!(store.api_key([2; 32]).await.unwrap(), None);
    assert_eq!(store.api_keys().await.unwrap(), [key("a", 1)]);
}

pub async fn names_of_keys_are_unique(store: &dyn Store) {
    store.create_api_key(key("a", 1), [1; 32]).await.unwrap();
    let taken = store.create_api_key(key("a", 2), [2; 32]).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    assert_eq!(store.api_key([2; 32]).await.unwrap(), None);
    let unknown = store.revoke_api_key(&key("b", 1).name).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
}
